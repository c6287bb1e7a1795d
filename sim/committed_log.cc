#include "sim/committed_log.h"

#include "core/base/assert.h"

namespace sim {

void CommittedLog::on_start(std::string_view name) { members_[std::string(name)] = base::LogIndex(); }

void CommittedLog::on_event(std::string_view name, const io::Event& event) {
  const auto* committed = std::get_if<io::Committed>(&event);
  const auto* applied = std::get_if<io::Applied>(&event);
  const auto* recovered = std::get_if<io::Recovered>(&event);
  const auto* replaced = std::get_if<io::LogReplaced>(&event);
  const auto* begun = std::get_if<io::SnapshotBegun>(&event);
  if (committed == nullptr && applied == nullptr && recovered == nullptr && replaced == nullptr && begun == nullptr) return;
  auto found = members_.find(name);
  if (found == members_.end()) found = members_.emplace(std::string(name), base::LogIndex()).first;
  if (committed != nullptr) on_committed(name, found->second, committed->id);
  else if (applied != nullptr) on_applied(name, found->second, applied->id);
  else if (recovered != nullptr) on_recovered(name, found->second, *recovered);
  else if (replaced != nullptr) on_replaced(name, found->second, replaced->last);
  else if (!is_committed(begun->last)) {
    findings_.safety(kName, "member " + std::string(name) + " sends a snapshot that ends with " + base::to_text(begun->last) +
                                ", which was never committed");
  }
}

void CommittedLog::on_committed(std::string_view name, base::LogIndex& committed, base::EntryId id) {
  const auto accuse = [&](const std::string& how) {
    findings_.safety(kName, "member " + std::string(name) + " committed " + base::to_text(id) + how);
  };
  if (id.index != committed.next()) return accuse(" after index " + base::to_text(committed));
  committed = id.index;
  if (id.index > last_index().next()) {
    return accuse(", but nobody committed the entries between index " + base::to_text(last_index()) + " and it");
  }
  if (id.index <= last_index() && term_at(id.index) != id.term) {
    return accuse(" where an entry of term " + base::to_text(term_at(id.index)) + " was committed before");
  }
  // An entry has its bytes from its id (GroupLog).
  if (logs_.term_at(name, id.index) != id.term) return accuse(", an entry that is not in its log");
  if (id.index <= last_index()) return;
  const GroupLog::Known* entry = logs_.find(id);
  ASSERT(entry != nullptr);
  terms_.push_back(id.term);
  if (listener_ != nullptr) listener_->on_committed({id, entry->kind, entry->data});
  logs_.release(id.index);
}

void CommittedLog::on_applied(std::string_view name, base::LogIndex committed, base::EntryId id) {
  if (id.index <= committed && is_committed(id)) return;
  findings_.safety(kName, "member " + std::string(name) + " applied " + base::to_text(id) + " without having committed it, up to index " +
                              base::to_text(committed));
}

void CommittedLog::on_recovered(std::string_view name, base::LogIndex& committed, const io::Recovered& recovered) {
  // The next commit continues from what the store has applied.
  committed = recovered.store.applied;
  // In a group of one voter the member alone has to remember everything it ever called committed. Of several each may lack
  // what it was not needed for (DurabilityOracle).
  const Configurations::Change* const group = configurations_.committed();
  if (group == nullptr || !is_quorum(group->configuration, {recovered.self})) return;
  if (recovered.last.index < last_index()) {
    findings_.safety(kName, "member " + std::string(name) + " came back with a log that ends at " + base::to_text(recovered.last) +
                                ", but index " + base::to_text(last_index()) + " was committed: acknowledged writes are lost");
  } else if (last_index() != base::LogIndex() && logs_.term_at(name, last_index()) != term_at(last_index())) {
    findings_.safety(kName, "member " + std::string(name) + " came back with another entry at index " + base::to_text(last_index()));
  }
}

void CommittedLog::on_replaced(std::string_view name, base::LogIndex& committed, base::EntryId last) {
  const auto accuse = [&](const std::string& how) {
    findings_.safety(kName, "member " + std::string(name) + " replaced its log by a snapshot that ends with " + base::to_text(last) + how);
  };
  if (!is_committed(last)) return accuse(", which was never committed");
  if (last.index <= committed) return accuse(", although it had committed up to index " + base::to_text(committed) + " itself");
  committed = last.index;
}

}  // namespace sim
