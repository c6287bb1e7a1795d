// core/raft/message.h: what members say to each other. How it travels is the driver's affair (core/peer); that it may be lost,
// come twice, late or out of order is provided for here, but for one (ForwardedProposal).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/base/log_entry.h"
#include "core/raft/configuration.h"

namespace raft {

// Names a question "up to where must I have applied before I may read?". The driver's own. It grows, and no earlier incarnation of
// the member has used it: a late answer to another question would let a read see the past (etcd issue 20418).
struct ReadToken {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(ReadToken, ReadToken) = default;
};

// Counts the rounds of heartbeats of one leader. Those who answer round n were its followers after everything that it did before
// that round began.
struct Round {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Round, Round) = default;
};

struct ProposalItem {
  base::EntryKind kind = base::EntryKind::command;  // not configuration
  std::shared_ptr<const std::string> data;
};

// May I lead? (Raft §5.2.) Asked beforehand, without consequences, of a term that has not begun (thesis §9.6).
struct VoteRequest {
  base::Term term;  // that the candidate would lead
  bool is_pre_vote = false;
  bool is_transfer = false;  // the leader itself wants it, so nobody sticks to that leader (thesis §4.2.3, §3.10)
  base::EntryId last;        // of the candidate's log
};

struct VoteReply {
  base::Term term;  // a vote that is given: the request's; otherwise the voter's
  bool is_pre_vote = false;
  bool is_granted = false;
};

// Entries behind `previous`, perhaps none, and how far the log is committed (§5.3).
struct Append {
  base::Term term;
  base::EntryId previous;
  std::vector<base::Entry> entries;  // follow `previous` without a gap; terms never fall nor exceed `term`
  base::LogIndex committed;          // may lie beyond these entries
  // Nothing new but `committed`, in a log that is known to agree: an acknowledgement would tell the leader nothing. A follower that
  // finds the logs not to agree says so all the same. Requires: no entries.
  bool is_news_only = false;
};

// The state machine's state replaces the log up to `last` (§7). This is the metadata: the driver sends the state itself, and hands the
// message to raft once it is durable on the other side.
struct Snapshot {
  base::Term term;
  base::EntryId last;
  Configuration configuration;  // in force at `last`
};

struct AppendReply {
  base::Term term;
  bool is_accepted = false;
  base::LogIndex index;  // accepted: the follower durably has the leader's log up to here; otherwise: `previous` was not there
  base::EntryId hint;    // not accepted: the last entry of the follower that may be in the leader's log
};

// The leader lives, as of this round. Commits only what the follower is known to have.
struct Heartbeat {
  base::Term term;
  base::LogIndex committed;
  Round round;
};

struct HeartbeatReply {
  base::Term term;
  Round round;
};

// From a member that does not lead to the one that does. Lost without a word when that has changed, or when the leader refuses it.
// The one message that must not come twice: it would be in the log twice. The driver sends it once.
struct ForwardedProposal {
  base::Term term;
  std::vector<ProposalItem> items;
};
struct ForwardedRead {
  base::Term term;
  ReadToken token;
};
struct ReadReply {
  base::Term term;
  ReadToken token;
  base::LogIndex index;
};

// The leader hands over: campaign at once (thesis §3.10).
struct TimeoutNow {
  base::Term term;
};

using Message = std::variant<VoteRequest, VoteReply, Append, Snapshot, AppendReply, Heartbeat, HeartbeatReply, ForwardedProposal,
                             ForwardedRead, ReadReply, TimeoutNow>;

base::Term term_of(const Message& message);
// One line, for traces, scripts and logs.
std::string to_text(const Message& message);
std::string to_text(const base::Entry& entry);  // its id and kind

}  // namespace raft
