#include "sim/state_oracle.h"

namespace sim {

StateOracle::Member& StateOracle::member(std::string_view name) {
  const auto found = members_.find(name);
  return found != members_.end() ? found->second : members_[std::string(name)];
}

void StateOracle::on_start(std::string_view name) {
  Member& starting = member(name);
  starting.applied = base::LogIndex();
  starting.is_mark_on_its_way = false;
}

void StateOracle::on_wipe(std::string_view name) { member(name) = {}; }

void StateOracle::on_rot(std::string_view name) { member(name).has_rotted = true; }

void StateOracle::on_event(std::string_view name, const io::Event& event) {
  if (const auto* applied = std::get_if<io::Applied>(&event)) on_applied(name, member(name), *applied);
  else if (const auto* recovered = std::get_if<io::Recovered>(&event)) on_recovered(name, member(name), *recovered);
  else if (const auto* durable = std::get_if<io::StoreDurable>(&event)) on_durable(name, member(name), durable->mark);
  else if (const auto* installed = std::get_if<io::Installed>(&event)) on_installed(name, member(name), *installed);
  else if (const auto* refused = std::get_if<io::SnapshotRefused>(&event)) on_refused(name, *refused);
  else if (std::holds_alternative<io::LogSynced>(event)) on_log_synced(member(name));
}

base::LogIndex StateOracle::applied(std::string_view name) const {
  const auto found = members_.find(name);
  return found != members_.end() ? found->second.applied : base::LogIndex();
}

// The connection has checked every byte, so what is wrong with it was wrong when it left, or the one who refuses it has spoilt it.
void StateOracle::on_refused(std::string_view name, const io::SnapshotRefused& refused) {
  findings_.safety(kName, "member " + std::string(name) + " was sent a snapshot that ends with " + base::to_text(refused.last) +
                              " by member " + base::to_text(refused.from) + ", and it does not hold what it says: " + std::string(refused.why));
}

void StateOracle::on_applied(std::string_view name, Member& member, const io::Applied& applied) {
  const std::string who = "member " + std::string(name);
  if (applied.id.index != member.applied.next()) {
    findings_.safety(kName, who + " applied index " + base::to_text(applied.id.index) + " after " + base::to_text(member.applied) +
                                ": an entry was skipped or applied twice");
    return;
  }
  member.applied = applied.id.index;
  if (applied.id.index.value() > known_.size() + 1) {
    findings_.safety(kName, who + " applied index " + base::to_text(applied.id.index) + ", which follows nothing that was applied");
  } else if (applied.id.index.value() == known_.size() + 1) {
    known_.push_back({applied.effect, applied.state});
  } else {
    const Known& before = known_[applied.id.index.value() - 1];
    if (before.effect != applied.effect || before.state != applied.state) {
      findings_.safety(kName, who + " applied entry " + base::to_text(applied.id) + " with another effect than when it was applied first");
    }
  }
}

void StateOracle::on_recovered(std::string_view name, Member& member, const io::Recovered& recovered) {
  const std::string who = "member " + std::string(name);
  const base::LogIndex index = recovered.store.applied;
  // What rotted may take the store back as far as the log does not know better: the log still has what follows.
  const base::StoreMark least = member.has_rotted ? member.logged : member.durable;
  if (recovered.store < least) {
    findings_.safety(kName, who + " came back with a store at " + base::to_text(recovered.store) + ", below its durable mark " +
                                base::to_text(least));
  } else if (index.value() > known_.size()) {
    findings_.safety(kName, who + " came back with a store at index " + base::to_text(index) + ", which nobody has applied");
  } else if (index != base::LogIndex() && known_[index.value() - 1].state != recovered.state) {
    findings_.safety(kName, who + " came back with a store that says index " + base::to_text(index) + " and holds other rows");
  }
  member.applied = index;
  if (member.has_rotted) member.durable = recovered.store;
}

void StateOracle::on_durable(std::string_view name, Member& member, const base::StoreMark& mark) {
  if (mark < member.durable || mark.applied > member.applied) {
    findings_.safety(kName, "member " + std::string(name) + " moved its durable mark from " + base::to_text(member.durable) + " to " +
                                base::to_text(mark) + " with index " + base::to_text(member.applied) + " applied");
  }
  member.durable = mark;
  member.is_mark_on_its_way = true;
  member.syncs = 0;
}

void StateOracle::on_installed(std::string_view name, Member& member, const io::Installed& installed) {
  const std::string who = "member " + std::string(name) + " installed a snapshot of index " + base::to_text(installed.last.index);
  const base::LogIndex index = installed.store.applied;
  if (index != installed.last.index || installed.store.generation <= member.durable.generation) {
    findings_.safety(kName, who + " as the store " + base::to_text(installed.store) + ", after " + base::to_text(member.durable));
  } else if (index <= member.applied) {
    findings_.safety(kName, who + " with index " + base::to_text(member.applied) + " applied: it went back");
  } else if (index.value() > known_.size()) {
    findings_.safety(kName, who + ", which nobody has applied");
  } else if (known_[index.value() - 1].state != installed.state) {
    findings_.safety(kName, who + " and holds other rows than those who applied it");
  }
  member.applied = index;
  member.durable = installed.store;
  member.logged = installed.store;  // the log names it (DurabilityOracle)
  member.is_mark_on_its_way = false;
}

// The batch that was in flight when the mark moved does not hold it, the one behind it does.
void StateOracle::on_log_synced(Member& member) {
  if (!member.is_mark_on_its_way || ++member.syncs < 2) return;
  member.logged = member.durable;
  member.is_mark_on_its_way = false;
}

}  // namespace sim
