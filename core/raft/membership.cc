// Changes of the group (Raft §6; thesis §4): learners and contexts in one step, voters by way of a joint configuration that the
// leader leaves by itself.
#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/raft/raft.h"

namespace raft {

void Raft::on_propose_configuration(const ProposeConfiguration& propose, Output& output) {
  // One change at a time, and none before this leader knows what is committed: two at once, or one beside that of an earlier
  // leader, could have majorities that do not meet (thesis §4.1, and Ongaro's erratum of 2015).
  const bool is_free = role_ == Role::leader && transferee_ == base::MemberId::none && committed_in_this_term() &&
                       configurations_.back().index <= committed_ && !configuration().is_joint();
  if (!is_free) {
    output.marks.add(base::Mark::group_change_refused);
    output.proposal_refused = true;
    return;
  }
  append_configuration(toward(configuration(), propose.target), output);
  replicate_to_all(output);
}

void Raft::append_configuration(const Configuration& configuration, Output& output) {
  append(base::EntryKind::configuration, std::make_shared<const std::string>(encode(configuration)), output);
  replicate_to_all(output);  // to those who leave as well, for the last time
  use_configuration(log_.last().index, configuration);
  follow_configuration(output);
  confirm_reads(output);  // of those who have answered a smaller group may be enough
}

// After the commit index moved: a joint configuration that is committed is left, and a leader that is not of the new one has
// led long enough (thesis §4.2.2, §4.3).
void Raft::go_on_with_configuration(Output& output) {
  ASSERT(role_ == Role::leader);
  if (configurations_.back().index > committed_) return;
  if (configuration().is_joint()) {
    if (!log_.contains({term_, configurations_.back().index})) output.marks.add(base::Mark::joint_left_by_other_leader);
    return append_configuration(after_joint(configuration()), output);
  }
  if (configuration().is_voter(options_.self)) return;
  // The others learn that it is committed, and the one that has most need not wait for a timeout to lead on.
  replicate_to_all(output);
  base::MemberId heir;
  base::LogIndex most;
  for (const auto& peer : peers_) {
    if (!configuration().is_voter(peer.first) || peer.second.matched() <= most) continue;
    heir = peer.first;
    most = peer.second.matched();
  }
  if (heir != base::MemberId::none) {
    output.marks.add(base::Mark::leader_removed_itself);
    output.messages.push_back({heir, TimeoutNow{term_}});
  }
  become_follower(term_, base::MemberId::none, output);
}

void Raft::use_configuration(base::LogIndex index, Configuration configuration) {
  ASSERT(configurations_.empty() || configurations_.back().index < index);
  configurations_.push_back({index, std::move(configuration)});
  ++configuration_count_;
  quorum_ = Quorum(configurations_.back().configuration);
}

void Raft::forget_configurations_after(base::LogIndex index) {
  while (configurations_.back().index > index) {
    ASSERT(configurations_.size() > 1);
    configurations_.pop_back();
    ++configuration_count_;
  }
  quorum_ = Quorum(configurations_.back().configuration);
}

// A leader knows of each member of the group but itself, and of nobody else.
void Raft::follow_configuration(Output& output) {
  ASSERT(role_ == Role::leader);
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    peer = configuration().find(peer->first) == nullptr ? peers_.erase(peer) : std::next(peer);
  }
  for (const Member& member : configuration().members) {
    if (member.id != options_.self) peers_.try_emplace(member.id, log_.last().index.next());
  }
  if (transferee_ != base::MemberId::none && !configuration().is_voter(transferee_)) {
    output.marks.add(base::Mark::transferee_left_group);
    transferee_ = base::MemberId::none;
  }
}

const Configuration& Raft::configuration_at(base::LogIndex index) const {
  ASSERT(index >= log_.last_dropped().index);
  const auto above = std::find_if(configurations_.begin(), configurations_.end(), [index](const ConfigurationAt& one) { return one.index > index; });
  ASSERT(above != configurations_.begin());
  return std::prev(above)->configuration;
}

bool Raft::is_configuration_certain() const {
  const base::LogIndex index = configurations_.back().index;
  if (index <= committed_) return true;
  const std::vector<base::MemberId> voters = configuration().is_joint() ? configuration().outgoing_voters() : configuration().voters();
  // Who decides alone decides by what is on its disk, whether it leads just now or not.
  if (voters == std::vector<base::MemberId>{options_.self}) return persisted_.index >= index;
  // An entry of an earlier term may be replaced although a majority has it (Raft §5.4.2, figure 8).
  if (role_ != Role::leader || log_.term_at(index) != term_) return false;
  const auto has_it = [&](base::MemberId voter) {
    if (voter == options_.self) return persisted_.index >= index;
    const auto peer = peers_.find(voter);
    return peer != peers_.end() && peer->second.matched() >= index;
  };
  return 2 * static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), has_it)) > voters.size();
}

Snapshot Raft::snapshot_at(base::LogIndex index) const {
  ASSERT(role_ == Role::leader);  // its term is the leader's
  ASSERT(index <= committed_);
  return {term_, {log_.term_at(index), index}, configuration_at(index)};
}

}  // namespace raft
