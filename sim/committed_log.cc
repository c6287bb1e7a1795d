#include "sim/committed_log.h"

#include <utility>

namespace sim {

namespace {

base::Hash128 hash_of(const base::Entry& entry) {
  return base::hash128(entry.bytes(), static_cast<std::uint64_t>(entry.kind));
}

}  // namespace

CommittedLog::Member& CommittedLog::member(std::string_view name) {
  const auto found = members_.find(name);
  return found != members_.end() ? found->second : members_[std::string(name)];
}

void CommittedLog::on_start(std::string_view name) { member(name).committed = base::LogIndex(); }

void CommittedLog::on_event(std::string_view name, const io::Event& event) {
  if (const auto* appended = std::get_if<io::Appended>(&event)) on_appended(member(name), *appended);
  else if (const auto* committed = std::get_if<io::Committed>(&event)) on_committed(name, member(name), committed->id);
  else if (const auto* recovered = std::get_if<io::Recovered>(&event)) on_recovered(name, member(name), *recovered);
}

void CommittedLog::on_appended(Member& member, const io::Appended& appended) {
  member.appended.erase(member.appended.lower_bound(appended.id.index), member.appended.end());
  member.appended.emplace(appended.id.index,
                          base::Entry{appended.id, appended.kind, std::make_shared<const std::string>(appended.bytes)});
}

void CommittedLog::on_committed(std::string_view name, Member& member, base::EntryId id) {
  const std::string who = "member " + std::string(name);
  if (member.committed != base::LogIndex() && id.index != member.committed.next()) {
    findings_.safety(kName, who + " committed index " + base::to_text(id.index) + " after " + base::to_text(member.committed));
    return;
  }
  member.committed = id.index;
  const auto found = member.appended.find(id.index);
  if (id.index <= last_index()) {
    const Settled& settled = entries_[id.index.value() - 1];
    const bool is_same = settled.term == id.term && (found == member.appended.end() || hash_of(found->second) == settled.hash);
    if (!is_same) {
      findings_.safety(kName, who + " committed " + base::to_text(id) + " where term " + base::to_text(settled.term) +
                                  " was committed before, or other bytes");
    }
  } else if (id.index != last_index().next()) {
    findings_.safety(kName, who + " committed " + base::to_text(id) + ", but nobody committed the entries between " +
                                base::to_text(last_index()) + " and it");
  } else if (found == member.appended.end() || found->second.id != id) {
    findings_.safety(kName, who + " committed " + base::to_text(id) + ", an entry that it never appended");
  } else {
    entries_.push_back({id.term, hash_of(found->second)});
    if (listener_ != nullptr) listener_->on_committed(found->second);
  }
  member.appended.erase(member.appended.begin(), member.appended.upper_bound(id.index));
}

// In a group of one voter the member alone has to remember everything it ever called committed.
void CommittedLog::on_recovered(std::string_view name, Member& member, const io::Recovered& recovered) {
  if (recovered.last.index < last_index()) {
    findings_.safety(kName, "member " + std::string(name) + " came back with a log that ends at " + base::to_text(recovered.last) +
                                ", but index " + base::to_text(last_index()) + " was committed: acknowledged writes are lost");
  } else if (recovered.last.index == last_index() && last_index() != base::LogIndex() &&
             recovered.last.term != entries_.back().term) {
    findings_.safety(kName, "member " + std::string(name) + " came back with another entry at index " + base::to_text(last_index()));
  }
  // The next commit continues from what the store has applied.
  member.committed = recovered.store.applied;
}

}  // namespace sim
