// Elections: who may lead (Raft §5.2, §5.4.1; thesis §9.6, §3.10).
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/raft/raft.h"

namespace raft {

void Raft::campaign(Campaign kind, Output& output) {
  ASSERT(role_ != Role::leader);
  ASSERT(may_campaign());
  const bool is_pre_vote = kind == Campaign::pre_vote;
  if (!configuration().is_voter(options_.self)) output.marks.add(base::Mark::removed_campaigns);
  leader_ = base::MemberId::none;
  votes_.clear();
  election_elapsed_ticks_ = 0;
  if (is_pre_vote) {
    role_ = Role::pre_candidate;
  } else {
    role_ = Role::candidate;
    term_ = term_.next();
    voted_for_ = options_.self;
  }
  const VoteRequest request{is_pre_vote ? term_.next() : term_, is_pre_vote, kind == Campaign::transfer, log_.last()};
  // Votes are asked for only when this term, and the log that they are given to, cannot be forgotten: after a crash the same
  // member could ask again in the same term with a shorter log, and count a vote that was given to the longer one.
  std::vector<Outbound>& out = is_pre_vote ? output.messages : output.after_persist;
  for (const Member& member : configuration().members) {
    if (member.id != options_.self && configuration().is_voter(member.id)) out.push_back({member.id, request});
  }
  // Our own vote counts once it is durable; what binds nobody, at once.
  if (is_pre_vote) count_vote(options_.self, true, output);
}

// A voter; and one that is removed, until it knows that its removal is committed: the others may still need it, for its vote or
// for a log that is ahead of theirs (thesis §4.2.2).
bool Raft::may_campaign() const {
  return std::any_of(configurations_.begin(), configurations_.end(), [this](const ConfigurationAt& one) {
    const bool may_be_in_force = one.index > committed_ || &one.configuration == &configuration_at(committed_);
    return may_be_in_force && one.configuration.is_voter(options_.self);
  });
}

// A leader was heard so lately that nobody can have had reason to campaign.
bool Raft::is_led() const { return leader_ != base::MemberId::none && election_elapsed_ticks_ < options_.election_ticks; }

void Raft::count_vote(base::MemberId from, bool is_granted, Output& output) {
  ASSERT(role_ == Role::pre_candidate || role_ == Role::candidate);
  // A refusal may be the answer to an earlier question; a vote that was given stays given.
  bool& vote_of = votes_[from];
  vote_of = vote_of || is_granted;
  const Decision decision = quorum_.decide([this](base::MemberId voter) -> std::optional<bool> {
    const auto vote = votes_.find(voter);
    return vote == votes_.end() ? std::nullopt : std::optional(vote->second);
  });
  switch (decision) {
    case Decision::open: return;
    case Decision::lost:
      if (role_ == Role::candidate) output.marks.add(base::Mark::election_lost);
      return become_follower(term_, base::MemberId::none, output);
    case Decision::won:
      if (role_ == Role::candidate) become_leader(output);
      else campaign(Campaign::election, output);
  }
}

// At most one vote per term (§5.2), and only for a log at least as up to date (§5.4.1).
void Raft::on_vote_request(base::MemberId from, const VoteRequest& request, Output& output) {
  ASSERT(request.term >= term_);
  const bool is_up_to_date = request.last >= log_.last();
  if (request.is_pre_vote) {
    const bool is_granted = is_up_to_date && request.term > term_;
    if (!is_up_to_date) output.marks.add(base::Mark::pre_vote_refused_for_log);
    output.messages.push_back({from, VoteReply{is_granted ? request.term : term_, true, is_granted}});
    return;
  }
  ASSERT(request.term == term_);  // meet_later_term() has joined any later one
  const bool is_free = voted_for_ == from || (voted_for_ == base::MemberId::none && leader_ == base::MemberId::none);
  if (!is_free || !is_up_to_date) {
    output.marks.add(is_free ? base::Mark::vote_refused_for_log : base::Mark::vote_refused_as_given);
    output.messages.push_back({from, VoteReply{term_, false, false}});
    return;
  }
  // Whoever only asks whether it would win gives that up, or the next answer would have it campaign at once.
  if (role_ == Role::pre_candidate) {
    output.marks.add(base::Mark::vote_given_up_own_campaign);
    become_follower(term_, base::MemberId::none, output);
  }
  voted_for_ = from;
  election_elapsed_ticks_ = 0;
  // Sent before it is durable, a vote could be given twice across a restart.
  output.after_persist.push_back({from, VoteReply{term_, false, true}});
}

void Raft::on_vote_reply(base::MemberId from, const VoteReply& reply, Output& output) {
  const bool is_awaited = reply.is_pre_vote ? role_ == Role::pre_candidate && (reply.is_granted ? reply.term == term_.next() : true)
                                            : role_ == Role::candidate && reply.term == term_;
  if (is_awaited) count_vote(from, reply.is_granted, output);
}

// The leader has seen to it that this log is complete, so there is no need to ask beforehand.
void Raft::on_timeout_now(Output& output) {
  if (role_ == Role::leader || !may_campaign()) return;
  output.marks.add(base::Mark::campaign_was_asked);
  campaign(Campaign::transfer, output);
}

}  // namespace raft
