#include "core/raft/raft.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/base/overloaded.h"

namespace raft {

std::string_view to_text(Role role) {
  switch (role) {
    case Role::follower: return "follower";
    case Role::pre_candidate: return "pre-candidate";
    case Role::candidate: return "candidate";
    case Role::leader: return "leader";
  }
  ASSERT(false && "a role outside the enumeration");
  return {};
}

Raft::Raft(Options options, Remembered remembered)
    : options_(options),
      configurations_{{remembered.last_dropped.index, std::move(remembered.configuration)}},
      quorum_(configurations_.back().configuration),
      log_(remembered.last_dropped, std::move(remembered.entries)),
      term_(remembered.hard_state.term),
      voted_for_(remembered.hard_state.voted_for),
      // The hint may lie behind what was dropped, and ahead of a log whose last write was lost.
      committed_(std::max({std::min(remembered.hard_state.committed, log_.last().index), remembered.applied, log_.last_dropped().index})),
      persisted_(log_.last()) {
  ASSERT(options_.self != base::MemberId::none);
  ASSERT(options_.election_ticks > 0);
  ASSERT(remembered.applied <= log_.last().index);
  for (base::LogIndex index = log_.first_index(); index <= log_.last().index; index = index.next()) {
    const base::Entry& entry = log_.at(index);
    if (entry.kind != base::EntryKind::configuration) continue;
    base::Result<Configuration> configuration = decode_configuration(entry.bytes());
    ASSERT(configuration.has_value());
    use_configuration(index, std::move(*configuration));
  }
  check_invariants();
}

void Raft::step(const Input& input, Output& output) {
  const base::HardState before = hard_state();
  std::visit(base::Overloaded{[&](const Tick& in) { on_tick(in, output); },
                              [&](const Propose& in) { on_propose(in.items, output); },
                              [&](const ProposeConfiguration& in) { on_propose_configuration(in, output); },
                              [&](const Persisted& in) { on_persisted(in, output); },
                              [&](const ReadRequest& in) { on_read_request(in.token, output); },
                              [&](const Received& in) { on_message(in.from, in.message, output); },
                              [&](const Unreachable& in) {
                                if (const auto peer = peers_.find(in.peer); peer != peers_.end()) peer->second.on_unreachable();
                              },
                              [&](const SnapshotOver& in) {
                                if (const auto peer = peers_.find(in.peer); peer != peers_.end()) peer->second.on_snapshot_over();
                              },
                              [&](const TransferLeadership& in) { on_transfer(in.to, output); }},
             input);
  // The commit index is a hint (base::HardState): alone it is not worth a write.
  if (term_ != before.term || voted_for_ != before.voted_for) output.hard_state = hard_state();
  ASSERT(before.term <= term_);            // a term never goes back (§5.1)
  ASSERT(before.committed <= committed_);  // nor does what is committed
  check_invariants();
}

void Raft::on_tick(const Tick& tick, Output& output) {
  ++election_elapsed_ticks_;
  if (role_ == Role::leader) return on_leader_tick(output);
  if (!may_campaign()) return;
  // A sole voter has nobody whose heartbeat it could be missing, so it does not sit out the timeout (§5.2
  // asks for it only so that elections do not collide).
  const bool is_alone = quorum_.is_alone(options_.self);
  const std::uint32_t timeout_ticks = is_alone ? 1 : options_.election_ticks + tick.election_jitter_ticks;
  if (election_elapsed_ticks_ < timeout_ticks) return;
  // A candidate whose own vote is still on its way to the disk waits for that: another term would come no sooner.
  if (role_ == Role::candidate && votes_.count(options_.self) == 0) return output.marks.add(base::Mark::campaign_waits_for_own_vote);
  if (role_ == Role::candidate) output.marks.add(base::Mark::election_split);
  campaign(Campaign::pre_vote, output);
}

void Raft::on_persisted(const Persisted& persisted, Output& output) {
  ASSERT(persisted.term <= term_);
  // What was written may have been replaced meanwhile, and says nothing then.
  if (log_.contains(persisted.last)) persisted_ = std::max(persisted_, persisted.last);
  else if (persisted.last.index > log_.last_dropped().index) output.marks.add(base::Mark::written_and_lost);
  // Our own vote counts from the moment at which it cannot be forgotten (§5.2).
  if (role_ == Role::candidate && persisted.term == term_) count_vote(options_.self, true, output);
  if (role_ == Role::leader) advance_commit(output);
}

void Raft::on_message(base::MemberId from, const Message& message, Output& output) {
  ASSERT(from != options_.self);
  const base::Term term = term_of(message);
  if (term < term_) return answer_earlier_term(from, message, output);
  if (term > term_ && !meet_later_term(from, message, output)) return;
  std::visit(base::Overloaded{[&](const VoteRequest& m) { on_vote_request(from, m, output); },
                              [&](const VoteReply& m) { on_vote_reply(from, m, output); },
                              [&](const Append& m) { on_append(from, m, output); },
                              [&](const Snapshot& m) { on_snapshot(from, m, output); },
                              [&](const AppendReply& m) { on_append_reply(from, m, output); },
                              [&](const Heartbeat& m) { on_heartbeat(from, m, output); },
                              [&](const HeartbeatReply& m) { on_heartbeat_reply(from, m, output); },
                              [&](const ForwardedProposal& m) {
                                if (role_ == Role::leader) take(m.items, output);
                              },
                              [&](const ForwardedRead& m) { on_forwarded_read(from, m.token, output); },
                              [&](const ReadReply& m) { on_read_reply(m, output); },
                              [&](const TimeoutNow&) { on_timeout_now(output); }},
             message);
}

// Whoever learns of a later term joins it (§5.1), but for questions about a term that has not begun. False: not to be looked at.
bool Raft::meet_later_term(base::MemberId from, const Message& message, Output& output) {
  base::MemberId leader;
  if (const auto* request = std::get_if<VoteRequest>(&message)) {
    // A member that was cut off, or removed, must not depose a leader that the others hear (§6, thesis §4.2.3).
    if (is_led() && !request->is_transfer) {
      output.marks.add(request->is_pre_vote ? base::Mark::pre_vote_refused_as_led : base::Mark::vote_refused_as_led);
      return false;
    }
    if (request->is_pre_vote) return true;
  } else if (const auto* reply = std::get_if<VoteReply>(&message)) {
    if (reply->is_pre_vote && reply->is_granted) return true;
  } else if (std::holds_alternative<Append>(message) || std::holds_alternative<Heartbeat>(message) ||
             std::holds_alternative<Snapshot>(message)) {
    leader = from;
  }
  if (role_ == Role::leader) output.marks.add(base::Mark::leader_met_later_term);
  become_follower(term_of(message), leader, output);
  return true;
}

// Tells a leader or a candidate that time has moved on; whatever else is late is dropped.
void Raft::answer_earlier_term(base::MemberId from, const Message& message, Output& output) const {
  if (const auto* request = std::get_if<VoteRequest>(&message)) {
    output.messages.push_back({from, VoteReply{term_, request->is_pre_vote, false}});
  } else if (std::holds_alternative<Append>(message) || std::holds_alternative<Snapshot>(message)) {
    output.messages.push_back({from, AppendReply{term_, false, {}, {}}});
  } else if (std::holds_alternative<Heartbeat>(message)) {
    output.messages.push_back({from, HeartbeatReply{term_, {}}});
  }
}

void Raft::become_follower(base::Term term, base::MemberId leader, Output& output) {
  ASSERT(term >= term_);
  // Not for every later term: a member that cannot win must not keep this one from trying (§5.2).
  if (role_ != Role::follower || leader != base::MemberId::none) election_elapsed_ticks_ = 0;
  if (term > term_) voted_for_ = base::MemberId::none;
  term_ = term;
  role_ = Role::follower;
  leader_ = leader;
  votes_.clear();
  peers_.clear();
  transferee_ = base::MemberId::none;
  output.snapshots.clear();  // it asked for them earlier in this step; whoever leads next finds out who needs one
  refuse_reads(output);
}

// In the log, and to be made durable. Within one output a later entry may replace an earlier one.
void Raft::persist(base::Entry entry, Output& output) {
  while (!output.entries.empty() && output.entries.back().id.index >= entry.id.index) output.entries.pop_back();
  output.entries.push_back(entry);
  log_.append(std::move(entry));
}

const Progress* Raft::progress(base::MemberId peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : &found->second;
}

base::LogStart Raft::drop_through(base::LogIndex through) {
  ASSERT(through <= committed_);
  ASSERT(through <= persisted_.index);
  log_.drop_through(through);
  while (configurations_.size() > 1 && configurations_[1].index <= through) configurations_.erase(configurations_.begin());
  check_invariants();
  return {log_.last_dropped(), encode(configurations_.front().configuration)};
}

void Raft::check_invariants() const {
  ASSERT(log_.last_dropped().index <= committed_);
  ASSERT(committed_ <= log_.last().index);
  ASSERT(log_.contains(persisted_));
  ASSERT(log_.last().term <= term_);
  ASSERT((role_ == Role::leader) == (leader_ == options_.self));
  ASSERT((role_ != Role::candidate && role_ != Role::leader) || voted_for_ == options_.self);
  ASSERT(role_ == Role::leader || (parked_reads_.empty() && pending_reads_.empty() && peers_.empty()));
  ASSERT(role_ == Role::leader || transferee_ == base::MemberId::none);
  ASSERT(pending_reads_.empty() || !quorum_.is_alone(options_.self));
  ASSERT(!configurations_.empty());
  ASSERT(configurations_.back().index <= log_.last().index);
}

}  // namespace raft
