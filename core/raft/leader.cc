// What a leader does: takes proposals, replicates, commits (Raft §5.3, §5.4.2), looks whether it still has a quorum, hands over.
#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/raft/raft.h"

namespace raft {

void Raft::become_leader(Output& output) {
  ASSERT(role_ == Role::candidate);
  role_ = Role::leader;
  leader_ = options_.self;
  election_elapsed_ticks_ = 0;
  votes_.clear();
  uncommitted_bytes_ = 0;
  for (base::LogIndex index = committed_.next(); index <= log_.last().index; index = index.next()) {
    uncommitted_bytes_ += log_.at(index).bytes().size();
  }
  follow_configuration(output);
  // Entries of earlier terms commit only together with one of this term (§5.4.2), so it makes one at once.
  append(base::EntryKind::empty, nullptr, output);
  replicate_to_all(output);
}

void Raft::on_leader_tick(Output& output) {
  if (election_elapsed_ticks_ >= options_.election_ticks) {
    election_elapsed_ticks_ = 0;
    // Who cannot reach a majority does not lead: others may have another leader by now, and clients here wait in vain (thesis §6.2).
    if (!has_majority([](const Progress& peer) { return peer.is_active; })) {
      output.marks.add(base::Mark::leader_without_quorum);
      return become_follower(term_, base::MemberId::none, output);
    }
    for (auto& peer : peers_) peer.second.is_active = false;
  }
  if (transferee_ != base::MemberId::none && ++transfer_elapsed_ticks_ >= options_.election_ticks) {
    output.marks.add(base::Mark::transfer_given_up);
    transferee_ = base::MemberId::none;
  }
  for (auto& peer : peers_) peer.second.may_resume = true;
  send_heartbeats(output);
}

// --- proposals --------------------------------------------------------------------------------------

void Raft::on_propose(const std::vector<ProposalItem>& items, Output& output) {
  if (role_ == Role::leader) {
    if (!take(items, output)) output.proposal_refused = true;
  } else if (leader_ != base::MemberId::none) {
    output.messages.push_back({leader_, ForwardedProposal{term_, items}});
  } else {
    output.proposal_refused = true;
  }
}

// All of them or, false, none.
bool Raft::take(const std::vector<ProposalItem>& items, Output& output) {
  ASSERT(role_ == Role::leader);
  if (transferee_ != base::MemberId::none) {  // the next leader must have all that this one has
    output.marks.add(base::Mark::proposal_while_handing_over);
    return false;
  }
  std::uint64_t bytes = 0;
  for (const ProposalItem& item : items) bytes += item.data != nullptr ? item.data->size() : 0;
  const bool is_too_much = bytes > options_.uncommitted_bytes_max || uncommitted_bytes_ > options_.uncommitted_bytes_max - bytes;
  if (uncommitted_bytes_ > 0 && is_too_much) {
    output.marks.add(base::Mark::proposal_beyond_uncommitted);
    return false;
  }
  for (const ProposalItem& item : items) {
    ASSERT(item.kind != base::EntryKind::configuration);  // as message.h requires
    append(item.kind, item.data, output);
  }
  replicate_to_all(output);
  return true;
}

void Raft::append(base::EntryKind kind, std::shared_ptr<const std::string> data, Output& output) {
  ASSERT(role_ == Role::leader);
  base::Entry entry{{term_, log_.last().index.next()}, kind, std::move(data)};
  uncommitted_bytes_ += entry.bytes().size();
  persist(std::move(entry), output);
}

// --- replication ------------------------------------------------------------------------------------

void Raft::replicate_to_all(Output& output) {
  for (auto& peer : peers_) replicate(peer.first, peer.second, false, output);
}

// Sends what there is to send and the limits let through. `is_forced`: an append in any case, to learn where it stands.
void Raft::replicate(base::MemberId to, Progress& progress, bool is_forced, Output& output) {
  const bool only_asks = is_forced && progress.state() != Progress::State::snapshot && progress.is_paused(options_.flow);
  do {
    if (progress.is_paused(options_.flow) && !only_asks) return;
    if (progress.next() <= log_.last_dropped().index) {
      progress.become_snapshot();
      output.snapshots.push_back(to);
      return;
    }
    const bool has_news = progress.next() <= log_.last().index || progress.commit_sent() < committed_;
    if (!has_news && !is_forced && progress.state() != Progress::State::probing) return;
    send_append(to, progress, {.with_entries = !only_asks, .wants_reply = is_forced}, output);
    is_forced = false;
  } while (progress.state() == Progress::State::pipelining && !only_asks);
}

void Raft::send_append(base::MemberId to, Progress& progress, AppendWay way, Output& output) {
  const base::LogIndex previous = progress.next().previous();
  Append append{term_, {log_.term_at(previous), previous}, {}, committed_};
  std::uint64_t bytes = 0;
  base::LogIndex last = previous;
  while (way.with_entries && last < log_.last().index) {
    const base::Entry& entry = log_.at(last.next());
    bytes += entry.bytes().size();
    if (!append.entries.empty() && bytes > options_.flow.append_bytes_max) {
      bytes -= entry.bytes().size();
      break;
    }
    append.entries.push_back(entry);
    last = last.next();
  }
  append.is_news_only = append.entries.empty() && !way.wants_reply && progress.state() == Progress::State::pipelining;
  progress.on_sent(last, bytes, committed_);
  output.messages.push_back({to, std::move(append)});
}

// Commits what the follower is known to have of it, and no more: the rest of its log may be another leader's.
void Raft::send_heartbeats(Output& output) {
  for (const auto& peer : peers_) {
    output.messages.push_back({peer.first, Heartbeat{term_, std::min(peer.second.matched(), committed_), round_}});
  }
}

void Raft::on_append_reply(base::MemberId from, const AppendReply& reply, Output& output) {
  const auto found = peers_.find(from);
  if (found == peers_.end()) return;
  Progress& peer = found->second;
  peer.is_active = true;
  if (!reply.is_accepted) {
    // Skips a term at a time on both sides: the follower's hint, and where this log may agree with that (§5.3).
    const bool is_dropped = reply.hint.index <= log_.last_dropped().index;
    const base::LogIndex agreed = is_dropped ? reply.hint.index : log_.last_not_above(reply.hint).index;
    const bool was_probing = peer.state() == Progress::State::probing;
    const bool is_news = peer.on_rejected(reply.index, agreed);
    if (is_news && was_probing) output.marks.add(base::Mark::append_rejected_again);
    if (is_news) replicate(from, peer, false, output);
    else output.marks.add(base::Mark::rejection_was_old);
    return;
  }
  if (reply.index > log_.last().index) return;  // of no log that this leader has sent
  const bool is_news = peer.on_accepted(reply.index);
  if (is_news) peer.leave_snapshot();
  if (is_news) advance_commit(output);
  if (role_ != Role::leader) return;
  // A configuration that has just begun may have taken the peer away.
  const auto still = peers_.find(from);
  if (still == peers_.end()) return;
  replicate(from, still->second, false, output);
  if (is_news && transferee_ == from && still->second.matched() == log_.last().index) output.messages.push_back({from, TimeoutNow{term_}});
}

void Raft::on_heartbeat_reply(base::MemberId from, const HeartbeatReply& reply, Output& output) {
  const auto found = peers_.find(from);
  if (found == peers_.end()) return;
  Progress& peer = found->second;
  peer.is_active = true;
  peer.confirmed = std::max(peer.confirmed, reply.round);
  // Once per tick: reads ask for rounds as often as clients like, and must not push appends past their limits.
  if (std::exchange(peer.may_resume, false) && peer.matched() < log_.last().index) replicate(from, peer, true, output);
  confirm_reads(output);
}

// --- commit -----------------------------------------------------------------------------------------

// A leader commits what a majority has durably, if it is of its own term (§5.3, §5.4.2).
void Raft::advance_commit(Output& output) {
  ASSERT(role_ == Role::leader);
  const base::LogIndex candidate = quorum_.matched([this](base::MemberId voter) {
    if (voter == options_.self) return persisted_.index;
    const auto peer = peers_.find(voter);
    ASSERT(peer != peers_.end());
    return peer->second.matched();
  });
  if (candidate <= committed_) return;
  if (log_.term_at(candidate) != term_) return output.marks.add(base::Mark::commit_waits_for_own_term);
  if (candidate > persisted_.index) output.marks.add(base::Mark::commit_before_own_disk);
  while (committed_ < candidate) {
    committed_ = committed_.next();
    uncommitted_bytes_ -= log_.at(committed_).bytes().size();
  }
  release_reads(output);
  go_on_with_configuration(output);
  if (role_ == Role::leader) replicate_to_all(output);
}

// --- handing over -----------------------------------------------------------------------------------

void Raft::on_transfer(base::MemberId to, Output& output) {
  const auto peer = peers_.find(to);
  if (role_ != Role::leader || peer == peers_.end() || !configuration().is_voter(to)) return;
  transferee_ = to;
  transfer_elapsed_ticks_ = 0;
  if (peer->second.matched() == log_.last().index) {
    output.messages.push_back({to, TimeoutNow{term_}});
  } else {
    output.marks.add(base::Mark::transfer_waits_for_log);
    replicate(to, peer->second, true, output);
  }
}

}  // namespace raft
