#include "sim/configuration_oracle.h"

#include <algorithm>

namespace sim {

namespace {

std::set<base::MemberId> outgoing(const raft::Configuration& configuration) {
  std::set<base::MemberId> out;
  for (const raft::Member& member : configuration.members) {
    if (member.is_outgoing) out.insert(member.id);
  }
  return out;
}

std::set<base::MemberId> incoming(const raft::Configuration& configuration) {
  std::set<base::MemberId> out;
  for (const raft::Member& member : configuration.members) {
    if (!member.is_learner && !member.is_leaving) out.insert(member.id);
  }
  return out;
}

// Where a joint configuration says that it leads.
raft::Configuration promised(raft::Configuration joint) {
  auto& members = joint.members;
  members.erase(std::remove_if(members.begin(), members.end(), [](const raft::Member& member) { return member.is_leaving; }), members.end());
  for (raft::Member& member : members) member.is_outgoing = false;
  return joint;
}

bool is_step(const raft::Configuration& from, const raft::Configuration& to) {
  if (!outgoing(from).empty()) return to == promised(from);
  return outgoing(to).empty() ? incoming(from) == incoming(to) : incoming(from) == outgoing(to);
}

}  // namespace

void ConfigurationOracle::on_event(std::string_view member, const io::Event& event) {
  if (const auto* appended = std::get_if<io::Appended>(&event)) {
    if (appended->kind == base::EntryKind::configuration) on_appended(member, appended->id);
  } else if (const auto* replaced = std::get_if<io::LogReplaced>(&event)) {
    on_told(member, replaced->last.index, replaced->configuration, Source::snapshot);
  } else if (const auto* recovered = std::get_if<io::Recovered>(&event)) {
    if (recovered->first_kept > base::LogIndex(1)) {
      on_told(member, recovered->first_kept.previous(), recovered->configuration, Source::own_log);
    }
  }
}

void ConfigurationOracle::on_appended(std::string_view member, base::EntryId id) {
  if (!seen_.insert(id).second || id.index == base::LogIndex()) return;
  proposed_.push_back({std::string(member), id, configurations_.at(member, id.index.previous())});
}

void ConfigurationOracle::on_told(std::string_view member, base::LogIndex index, std::string_view told, Source source) {
  const Configurations::Change* const known = configurations_.at(member, index);
  if (known != nullptr && raft::encode(known->configuration) == told) return;
  // Who came later goes by the group of then until its log tells of a change.
  const raft::Configuration* const beginning = configurations_.beginning_of(member);
  const bool is_unchanged = known != nullptr && known->id == base::EntryId();
  if (source == Source::own_log && is_unchanged && beginning != nullptr && raft::encode(*beginning) == told) return;
  const base::Result<raft::Configuration> read = raft::decode_configuration(told);
  const std::string_view how = source == Source::snapshot ? " got a snapshot that says of index " : " came back with a log that says of index ";
  findings_.safety(kName, "member " + std::string(member) + std::string(how) + base::to_text(index) + " that the group is " +
                              (read ? to_text(*read, configurations_) : read.error().detail) + ", where it was " +
                              (known != nullptr ? to_text(known->configuration, configurations_) : "nothing that anybody knows"));
}

void ConfigurationOracle::on_turn_end() {
  for (const Proposed& proposed : proposed_) judge(proposed);
  proposed_.clear();
}

void ConfigurationOracle::judge(const Proposed& proposed) {
  const auto accuse = [&](const std::string& how) {
    findings_.safety(kName, "member " + proposed.member + " proposed a change of the group, " + base::to_text(proposed.id) + ", " + how);
  };
  if (proposed.before == nullptr) return accuse("of which nobody knows how it began");
  const base::EntryId before = proposed.before->id;
  const base::LogIndex committed = std::min(committed_.last_index(), proposed.id.index.previous());
  if (before.index > committed || (before.index > base::LogIndex() && committed_.term_at(before.index) != before.term)) {
    return accuse("while the one before it, " + base::to_text(before) + ", is not committed");
  }
  // Who has been deposed without knowing it proposes behind what others have committed since, and nothing will come of it.
  if (!committed_.has_term(proposed.id.term, committed)) {
    return accuse("before anything of that term was committed");
  }
  const auto change = configurations_.at(proposed.member, proposed.id.index);
  if (change == nullptr || change->id != proposed.id) return;  // it cannot be read
  if (!is_step(proposed.before->configuration, change->configuration)) {
    accuse("from " + to_text(proposed.before->configuration, configurations_) + " to " + to_text(change->configuration, configurations_) +
           ", whose majorities need not meet");
  }
}

void ConfigurationOracle::at_end() {
  const Configurations::Change* const last = configurations_.committed();
  if (last == nullptr || outgoing(last->configuration).empty()) return;
  findings_.report(VerdictKind::liveness, kName, "the joint group " + to_text(last->configuration, configurations_) + ", " + base::to_text(last->id) +
                                                     ", was committed and is never left");
}

}  // namespace sim
