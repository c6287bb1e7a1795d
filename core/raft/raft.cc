#include "core/raft/raft.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/assert.h"
#include "core/base/overloaded.h"
#include "core/raft/quorum.h"

namespace raft {

std::string_view to_text(Role role) {
  switch (role) {
    case Role::follower: return "follower";
    case Role::candidate: return "candidate";
    case Role::leader: return "leader";
  }
  ASSERT(false && "a role outside the enumeration");
  return {};
}

void Output::clear() {
  hard_state.reset();
  entries.clear();
  reads.clear();
  proposal_refused = false;
  reads_refused.clear();
}

Raft::Raft(Options options, Remembered remembered)
    : options_(options),
      configuration_(std::move(remembered.configuration)),
      log_(remembered.last_dropped, std::move(remembered.entries)),
      term_(remembered.hard_state.term),
      voted_for_(remembered.hard_state.voted_for),
      committed_(std::max(remembered.hard_state.committed, remembered.applied)),
      persisted_(log_.last()) {
  ASSERT(options_.self != base::MemberId::none);
  ASSERT(options_.election_ticks > 0);
  ASSERT(configuration_.voter_count() == 1);
  ASSERT(configuration_.is_voter(options_.self));
  // The hint may lie behind what was dropped, never ahead of the log.
  committed_ = std::max(committed_, log_.last_dropped().index);
  check_invariants();
}

void Raft::step(const Input& input, Output& output) {
  const base::HardState before = hard_state();
  std::visit(base::Overloaded{[&](const Tick& in) { on_tick(in, output); },
                              [&](const Propose& in) { on_propose(in, output); },
                              [&](const Persisted& in) { on_persisted(in, output); },
                              [&](const ReadRequest& in) { on_read_request(in, output); }},
             input);
  // The commit index is a hint (base::HardState): alone it is not worth a write.
  if (term_ != before.term || voted_for_ != before.voted_for) output.hard_state = hard_state();
  ASSERT(before.term <= term_);            // a term never goes back (§5.1)
  ASSERT(before.committed <= committed_);  // nor does what is committed
  check_invariants();
}

void Raft::on_tick(const Tick& tick, Output&) {
  if (role_ == Role::leader) return;
  ++election_elapsed_ticks_;
  // A sole voter has nobody whose heartbeat it could be missing, so it does not sit out the timeout (§5.2
  // asks for it only so that elections do not collide). A candidate waits for its disk, not for a tick.
  const bool is_alone = configuration_.voter_count() == 1;
  const std::uint32_t timeout_ticks = is_alone ? 1 : options_.election_ticks + tick.election_jitter_ticks;
  if (role_ == Role::follower && election_elapsed_ticks_ >= timeout_ticks) become_candidate();
}

void Raft::on_propose(const Propose& propose, Output& output) {
  if (role_ != Role::leader) {
    output.proposal_refused = true;
    return;
  }
  for (const Propose::Item& item : propose.items) append(item.kind, item.data, output);
}

void Raft::on_persisted(const Persisted& persisted, Output& output) {
  ASSERT(persisted.term <= term_);
  ASSERT(persisted.last <= log_.last());
  ASSERT(persisted_ <= persisted.last);
  persisted_ = persisted.last;
  // Our own vote counts from the moment at which it cannot be forgotten (§5.2).
  if (role_ == Role::candidate && persisted.term == term_) {
    ASSERT(voted_for_ == options_.self);
    become_leader(output);
  }
  if (role_ == Role::leader) advance_commit(output);
}

// Linearizable without a message: a sole voter cannot have been deposed. But it must have committed an entry
// of its own term, or it may not know of everything that an earlier leader committed (§8).
void Raft::on_read_request(const ReadRequest& request, Output& output) {
  if (role_ != Role::leader) {
    output.reads_refused.push_back(request.token);
    return;
  }
  ASSERT(parked_reads_.empty() || parked_reads_.back() < request.token);
  parked_reads_.push_back(request.token);
  release_reads(output);
}

void Raft::become_candidate() {
  ASSERT(role_ != Role::leader);
  ASSERT(configuration_.is_voter(options_.self));
  term_ = term_.next();
  voted_for_ = options_.self;
  role_ = Role::candidate;
  leader_ = base::MemberId::none;
  election_elapsed_ticks_ = 0;
}

void Raft::become_leader(Output& output) {
  ASSERT(role_ == Role::candidate);
  role_ = Role::leader;
  leader_ = options_.self;
  // Entries of earlier terms commit only together with one of this term (§5.4.2), so it makes one at once.
  append(base::EntryKind::empty, nullptr, output);
}

void Raft::append(base::EntryKind kind, std::shared_ptr<const std::string> data, Output& output) {
  ASSERT(role_ == Role::leader);
  base::Entry entry{{term_, log_.last().index.next()}, kind, std::move(data)};
  output.entries.push_back(entry);
  log_.append(std::move(entry));
}

// A leader commits what a majority has durably, if it is of its own term (§5.3, §5.4.2).
void Raft::advance_commit(Output& output) {
  ASSERT(role_ == Role::leader);
  std::array<base::LogIndex, 1> matched = {persisted_.index};
  const base::LogIndex candidate = majority_matched(matched);
  if (candidate <= committed_ || log_.term_at(candidate) != term_) return;
  committed_ = candidate;
  release_reads(output);
}

bool Raft::committed_in_this_term() const { return log_.term_at(committed_) == term_; }

void Raft::release_reads(Output& output) {
  if (!committed_in_this_term()) return;
  for (const ReadToken token : parked_reads_) output.reads.push_back({token, committed_});
  parked_reads_.clear();
}

base::LogStart Raft::drop_through(base::LogIndex through) {
  ASSERT(through <= committed_);
  ASSERT(through <= persisted_.index);
  log_.drop_through(through);
  check_invariants();
  return {log_.last_dropped(), encode(configuration_)};
}

void Raft::check_invariants() const {
  ASSERT(log_.last_dropped().index <= committed_);
  ASSERT(committed_ <= log_.last().index);
  ASSERT(persisted_ <= log_.last());
  ASSERT(log_.last().term <= term_);
  ASSERT((role_ == Role::leader) == (leader_ == options_.self));
  ASSERT(role_ == Role::follower || voted_for_ == options_.self);
  ASSERT(role_ == Role::leader || parked_reads_.empty());
}

}  // namespace raft
