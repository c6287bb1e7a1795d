// core/raft/raft.h: consensus as a function from (state, input) to (state, effects).
//
// No I/O, no clock, no randomness: a tick brings its own jitter, and what must be durable before a promise
// leaves is expressed by the order of fields in Output. The driver (core/replica) performs an Output in
// that order. Section numbers are those of the Raft paper (Ongaro and Ousterhout, extended version), or of the thesis.
//
// The parts: raft.cc is the door, election.cc asks for votes and gives them, follower.cc takes what a leader says, leader.cc
// replicates and commits, reads.cc confirms leadership for reads, membership.cc changes the group.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/base/log_entry.h"
#include "core/base/marks.h"
#include "core/raft/configuration.h"
#include "core/raft/log.h"
#include "core/raft/message.h"
#include "core/raft/progress.h"
#include "core/raft/quorum.h"

namespace raft {

enum class Role : std::uint8_t {
  follower,
  pre_candidate,  // asks whether it would win, without consequences (thesis §9.6)
  candidate,
  leader,
};
std::string_view to_text(Role role);

// --- inputs -------------------------------------------------------------------------------------

// One heartbeat interval has passed.
struct Tick {
  std::uint32_t election_jitter_ticks = 0;  // in [0, election_ticks); drawn by the driver once per (member, incarnation, term)
};

// Entries for the log, in this order: here if this member leads, otherwise they are forwarded to the leader. Not of kind configuration.
struct Propose {
  using Item = ProposalItem;
  std::vector<Item> items;
};

// Another group, if this member leads. Refused while an earlier change is not finished. Requires: not joint, with a voter.
struct ProposeConfiguration {
  Configuration target;
};

// Everything that earlier outputs asked to be made durable is so, up to these points.
struct Persisted {
  base::Term term;     // and the vote given in it
  base::EntryId last;  // the last entry that is durable
};

// From where may a read that starts now be answered? (§8; thesis §6.4)
struct ReadRequest {
  ReadToken token;
};

struct Received {
  base::MemberId from;  // not this member
  Message message;
};

// What was sent there lately may be lost.
struct Unreachable {
  base::MemberId peer;
};

// Follows every attempt to send this member a snapshot, however it ended: another is asked for if it takes one.
struct SnapshotOver {
  base::MemberId peer;
};

// Let this voter lead, if this member does; given up after an election timeout (thesis §3.10).
struct TransferLeadership {
  base::MemberId to;
};

using Input = std::variant<Tick, Propose, ProposeConfiguration, Persisted, ReadRequest, Received, Unreachable, SnapshotOver, TransferLeadership>;

// --- effects ------------------------------------------------------------------------------------

// A read with this token is linearizable on a state that has applied at least `index`.
struct ReadReady {
  ReadToken token;
  base::LogIndex index;
};

struct Outbound {
  base::MemberId to;
  Message message;
};

struct Output {  // the effects of one turn; cleared and reused by the driver, so a turn need not allocate
  std::optional<base::HardState> hard_state;  // 1. make durable, together with
  std::optional<Snapshot> install;            //    this, in place of the whole log before it,
  std::vector<base::Entry> entries;           //    and these, of which the first may replace a tail; then answer with Persisted
  std::vector<Outbound> after_persist;        // 2. and only then, and after all that earlier outputs asked for, send these
  std::vector<Outbound> messages;             // at any time
  std::vector<base::MemberId> snapshots;      // at any time: a leader sends each of these a snapshot; SnapshotOver when that is over
  std::vector<ReadReady> reads;               // at any time
  bool proposal_refused = false;              // the proposal is certainly not in the log; so no more than one goes into an output
  std::vector<ReadToken> reads_refused;       // ask again when there is a leader
  base::Marks marks;                          // rare branches that were taken; no effect

  void clear();
};
// One line for each effect, in the order of the fields; for scripts, traces and logs.
std::string to_text(const Output& output);

// --- the state machine of consensus ------------------------------------------------------------------

struct Options {
  base::MemberId self;
  std::uint32_t election_ticks = 10;  // a follower that hears nothing for [n, 2n) ticks campaigns
  FlowLimits flow;
  // Of commands that a leader has appended and nobody has committed; beyond it proposals are refused. One that is larger goes alone.
  std::uint64_t uncommitted_bytes_max = std::numeric_limits<std::uint64_t>::max();
};

// What a member remembers across a restart.
struct Remembered {
  base::HardState hard_state;
  base::EntryId last_dropped;
  Configuration configuration;       // in force at last_dropped
  std::vector<base::Entry> entries;  // all of them durable
  base::LogIndex applied;            // by the state machine, hence committed. Requires: not beyond the last entry
};

class Raft {
 public:
  // Requires: every entry of kind configuration can be decoded; the configuration has a voter.
  Raft(Options options, Remembered remembered);

  // The only door into the state machine. All it knows of the world is `input`. Adds to `output`.
  // Requires of a message: what message.h says of its fields, and entries of kind configuration that can be decoded.
  void step(const Input& input, Output& output);

  Role role() const { return role_; }
  base::Term term() const { return term_; }
  base::MemberId leader() const { return leader_; }  // none while unknown
  // Entries up to here may be applied. In a group this may be ahead of this member's own disk: effects of entries above persisted()
  // may be shown to anybody, and must not be made durable themselves, or a crash would leave a store that is ahead of its log.
  base::LogIndex committed() const { return committed_; }
  base::EntryId persisted() const { return persisted_; }  // the last entry that this member certainly has on its disk
  const Log& log() const { return log_; }
  const Configuration& configuration() const { return configurations_.back().configuration; }  // the newest in the log: in force
  // How often that has become another one since the beginning; for who wants to know whether it has.
  std::uint64_t configuration_count() const { return configuration_count_; }
  // Where the newest stands; not above last_dropped() if it is what the log began with.
  base::LogIndex configuration_index() const { return configurations_.back().index; }
  // That which was in force when the log ended there; at committed() it stays for good. Requires: log().last_dropped().index <= index.
  const Configuration& configuration_at(base::LogIndex index) const;
  // The newest can no longer be undone: it is committed, or a majority of the voters whom it replaces certainly has it durably, which a
  // leader knows, and whoever is the only one. None of those elects anybody without it, and nobody else can.
  bool is_configuration_certain() const;
  // It leads, or has heard from a leader within the election timeout. Who has no vote waits for no other, and knows its leader for ever.
  bool is_led() const;
  bool is_handing_over() const { return transferee_ != base::MemberId::none; }  // it leads, and takes no proposals
  base::HardState hard_state() const { return {term_, voted_for_, committed_}; }
  const Progress* progress(base::MemberId peer) const;  // null unless this member leads and the peer belongs to the group

  // What a snapshot of the state after this entry has to say of itself. Requires: this member leads;
  // log().last_dropped().index <= index <= committed().
  Snapshot snapshot_at(base::LogIndex index) const;

  // Forgets entries that the state machine's store holds durably. Requires: through <= committed(), and it is durable in the log.
  // Returns what has to be written to the durable log.
  base::LogStart drop_through(base::LogIndex through);

 private:
  struct ConfigurationAt {
    base::LogIndex index;
    Configuration configuration;
  };
  struct PendingRead {
    Round round;           // whose answers confirm it
    base::LogIndex index;  // committed when it was asked
    base::MemberId from;   // this member or a follower
    ReadToken token;
  };

  // raft.cc
  void on_tick(const Tick& tick, Output& output);
  void on_persisted(const Persisted& persisted, Output& output);
  void on_message(base::MemberId from, const Message& message, Output& output);
  bool meet_later_term(base::MemberId from, const Message& message, Output& output);
  void answer_earlier_term(base::MemberId from, const Message& message, Output& output) const;
  void become_follower(base::Term term, base::MemberId leader, Output& output);
  void persist(base::Entry entry, Output& output);
  void check_invariants() const;

  // election.cc
  enum class Campaign : std::uint8_t { pre_vote, election, transfer };
  void campaign(Campaign kind, Output& output);
  bool may_campaign() const;
  void count_vote(base::MemberId from, bool is_granted, Output& output);
  void on_vote_request(base::MemberId from, const VoteRequest& request, Output& output);
  void on_vote_reply(base::MemberId from, const VoteReply& reply, Output& output);
  void on_timeout_now(Output& output);

  // follower.cc
  void hear_leader(base::MemberId from, Output& output);
  void on_append(base::MemberId from, const Append& append, Output& output);
  void on_heartbeat(base::MemberId from, const Heartbeat& heartbeat, Output& output);
  void on_snapshot(base::MemberId from, const Snapshot& snapshot, Output& output);
  void accept(const std::vector<base::Entry>& entries, Output& output);
  void commit_to(base::LogIndex index);

  // leader.cc
  void become_leader(Output& output);
  void on_leader_tick(Output& output);
  void on_propose(const std::vector<ProposalItem>& items, Output& output);
  bool take(const std::vector<ProposalItem>& items, Output& output);
  void on_append_reply(base::MemberId from, const AppendReply& reply, Output& output);
  void on_heartbeat_reply(base::MemberId from, const HeartbeatReply& reply, Output& output);
  void on_transfer(base::MemberId to, Output& output);
  void append(base::EntryKind kind, std::shared_ptr<const std::string> data, Output& output);
  void replicate(base::MemberId to, Progress& progress, bool is_forced, Output& output);
  struct AppendWay {
    bool with_entries = true;
    bool wants_reply = false;  // also when nothing is new
  };
  void send_append(base::MemberId to, Progress& progress, AppendWay way, Output& output);
  void replicate_to_all(Output& output);
  void send_heartbeats(Output& output);
  void advance_commit(Output& output);
  // This member and those of whom yes(progress) holds are enough to decide.
  template <typename Yes>
  bool has_majority(Yes&& yes) const {
    return quorum_.is_agreed([&](base::MemberId voter) {
      const auto peer = peers_.find(voter);
      return voter == options_.self || (peer != peers_.end() && yes(peer->second));
    });
  }
  bool committed_in_this_term() const { return log_.term_at(committed_) == term_; }

  // reads.cc
  void on_read_request(ReadToken token, Output& output);
  void on_forwarded_read(base::MemberId from, ReadToken token, Output& output);
  void on_read_reply(const ReadReply& reply, Output& output);
  void begin_read(base::MemberId from, ReadToken token, Output& output);
  void release_reads(Output& output);
  void confirm_reads(Output& output);
  void answer_read(const PendingRead& read, Output& output) const;
  void refuse_reads(Output& output);

  // membership.cc
  void on_propose_configuration(const ProposeConfiguration& propose, Output& output);
  void append_configuration(const Configuration& configuration, Output& output);
  void go_on_with_configuration(Output& output);
  void use_configuration(base::LogIndex index, Configuration configuration);
  void forget_configurations_after(base::LogIndex index);
  void follow_configuration(Output& output);

  const Options options_;
  std::vector<ConfigurationAt> configurations_;  // invariant: ascending; the first is in force at last_dropped, and all above it are in the log
  Quorum quorum_;                                // of the newest
  std::uint64_t configuration_count_ = 0;
  Log log_;

  base::Term term_;
  base::MemberId voted_for_;
  base::LogIndex committed_;  // invariant: log_.last_dropped().index <= committed_ <= log_.last().index
  base::EntryId persisted_;   // invariant: persisted_ <= log_.last(); our own disk counts as one more follower

  Role role_ = Role::follower;
  base::MemberId leader_;
  std::uint32_t election_elapsed_ticks_ = 0;  // since a leader was heard or a vote given; of a leader: since it last looked who is there

  std::map<base::MemberId, bool> votes_;  // of a candidate or pre-candidate

  // A leader's.
  std::map<base::MemberId, Progress> peers_;  // all members but this one
  std::uint64_t uncommitted_bytes_ = 0;
  base::MemberId transferee_;
  std::uint32_t transfer_elapsed_ticks_ = 0;
  Round round_;                             // the last one begun
  std::deque<PendingRead> pending_reads_;   // by round
  std::vector<PendingRead> parked_reads_;   // until an entry of this term is committed (§8)
};

}  // namespace raft
