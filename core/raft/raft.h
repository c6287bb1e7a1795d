// core/raft/raft.h: consensus as a function from (state, input) to (state, effects).
//
// No I/O, no clock, no randomness: a tick brings its own jitter, and what must be durable before a promise
// leaves is expressed by the order of fields in Output. The driver (core/replica) performs an Output in
// that order. Section numbers are those of the Raft paper (Ongaro and Ousterhout, extended version).
//
// This carries a group of one voter, by the same rules as any group: a vote counts when it is durable, an
// entry commits when a majority, here the member's own disk, has it, and not before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/base/log_entry.h"
#include "core/raft/configuration.h"
#include "core/raft/log.h"

namespace raft {

enum class Role : std::uint8_t { follower, candidate, leader };
std::string_view to_text(Role role);

// Names a question "up to where must I have applied before I may read?". The driver's own, growing number.
struct ReadToken {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(ReadToken, ReadToken) = default;
};

// --- inputs -------------------------------------------------------------------------------------

// One heartbeat interval has passed.
struct Tick {
  std::uint32_t election_jitter_ticks = 0;  // in [0, election_ticks); drawn by the driver once per (member, incarnation, term)
};

// Entries for the log, in this order, if this member leads.
struct Propose {
  struct Item {
    base::EntryKind kind = base::EntryKind::command;
    std::shared_ptr<const std::string> data;
  };
  std::vector<Item> items;
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

using Input = std::variant<Tick, Propose, Persisted, ReadRequest>;

// --- effects ------------------------------------------------------------------------------------

// A read with this token is linearizable on a state that has applied at least `index`.
struct ReadReady {
  ReadToken token;
  base::LogIndex index;
};

struct Output {  // the effects of one turn; cleared and reused by the driver, so a turn need not allocate
  std::optional<base::HardState> hard_state;  // 1. make durable, together with
  std::vector<base::Entry> entries;           //    these; then answer with Persisted
  std::vector<ReadReady> reads;               // at any time
  bool proposal_refused = false;              // this member does not lead: the items are certainly not in the log
  std::vector<ReadToken> reads_refused;       // likewise

  void clear();
};

// --- the state machine of consensus ------------------------------------------------------------------

struct Options {
  base::MemberId self;
  std::uint32_t election_ticks = 10;  // a follower that hears nothing for [n, 2n) ticks campaigns
};

// What a member remembers across a restart.
struct Remembered {
  base::HardState hard_state;
  base::EntryId last_dropped;
  Configuration configuration;       // in force at last_dropped
  std::vector<base::Entry> entries;  // all of them durable
  base::LogIndex applied;            // by the state machine, hence committed
};

class Raft {
 public:
  // Requires: self is the only voter of the configuration (more members: not yet).
  Raft(Options options, Remembered remembered);

  // The only door into the state machine. All it knows of the world is `input`. Adds to `output`.
  void step(const Input& input, Output& output);

  Role role() const { return role_; }
  base::Term term() const { return term_; }
  base::MemberId leader() const { return leader_; }  // none while unknown
  base::LogIndex committed() const { return committed_; }  // entries up to here may be applied
  const Log& log() const { return log_; }
  const Configuration& configuration() const { return configuration_; }
  base::HardState hard_state() const { return {term_, voted_for_, committed_}; }

  // Forgets entries that the state machine's store holds durably. Requires: through <= committed().
  // Returns what has to be written to the durable log.
  base::LogStart drop_through(base::LogIndex through);

 private:
  void on_tick(const Tick& tick, Output& output);
  void on_propose(const Propose& propose, Output& output);
  void on_persisted(const Persisted& persisted, Output& output);
  void on_read_request(const ReadRequest& request, Output& output);

  void become_candidate();
  void become_leader(Output& output);
  void append(base::EntryKind kind, std::shared_ptr<const std::string> data, Output& output);
  void advance_commit(Output& output);
  bool committed_in_this_term() const;
  void release_reads(Output& output);
  void check_invariants() const;

  const Options options_;
  Configuration configuration_;
  Log log_;

  base::Term term_;
  base::MemberId voted_for_;
  base::LogIndex committed_;  // invariant: log_.last_dropped().index <= committed_ <= log_.last().index
  base::EntryId persisted_;   // invariant: persisted_ <= log_.last(); our own disk counts as one more follower

  Role role_ = Role::follower;
  base::MemberId leader_;
  std::uint32_t election_elapsed_ticks_ = 0;
  std::vector<ReadToken> parked_reads_;  // until an entry of this term is committed (§8)
};

}  // namespace raft
