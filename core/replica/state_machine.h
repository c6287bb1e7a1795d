// core/replica/state_machine.h: all that a replica knows of its tenant.
//
// A state machine is deterministic: the same commands in the same order leave the same state on every
// member, whatever clients, clocks and restarts do. It materialises its state in a store of its own, behind
// the log: what the store does not hold yet is in the log, and is applied again after a restart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/raft/configuration.h"
#include "core/replica/snapshot.h"
#include "io/completion.h"

namespace replica {

// The header of a replicated command (docs/formats/command.md), as the proposer wrote it.
struct Requester {
  std::uint64_t request_id = 0;     // unique over the proposer's life and among members
  std::string_view user;            // empty without authentication
  std::uint64_t auth_revision = 0;  // of the proposer when it checked
};

struct Command {
  base::EntryId id;
  Requester requester;
  std::string_view bytes;
};

// What a command changed, for comparing members. Depends on the command and the state before, on nothing else.
struct Effect {
  base::Hash128 effect;  // of the changes
  base::Hash128 state;   // order-free sum over the live rows after it
};

// What a state machine tells its replica, always on a turn of the loop of its own.
class StateMachineListener {
 public:
  // The store's files hold everything up to the mark, durably. Never goes back.
  virtual void on_durable(const base::StoreMark& mark) = 0;
  // unmaterialised_bytes() fell below its bound again.
  virtual void on_room() = 0;
  // The store failed for good; the member must stop.
  virtual void on_failed(const base::Error& error) = 0;

 protected:
  ~StateMachineListener() = default;
};

class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // First call of all. Opens the store of `mark.generation` (creating an empty one when mark.applied is 0)
  // and deletes all others. Completes with `damaged` when the store stands below the mark or its rows are not
  // what was written. `first_kept` is the oldest log index that can be applied again: a store below it is damaged too.
  virtual void open(const base::StoreMark& mark, base::LogIndex first_kept, StateMachineListener& listener,
                    io::Completion& done) = 0;

  // After open(): the last log index whose effects the store and the tail hold.
  virtual base::LogIndex applied() const = 0;
  virtual base::Hash128 state_hash() const = 0;

  // Requires: command.id.index == applied().next(). When `response` is not null somebody here waits, and
  // wants the answer appended to it; effects never depend on that. An error is the disk's, never the command's:
  // nothing was applied, nothing is to be answered, and the member must stop.
  virtual base::Result<Effect> apply(const Command& command, std::string* response) = 0;
  // An entry without a command for the tenant; only the applied index and term move. Same requirement.
  virtual Effect apply_empty(base::EntryId id) = 0;
  // The group is another one from here on, perhaps a joint one. Same requirement. What it changes in the state depends on the
  // configuration and the state before, on nothing else.
  virtual Effect apply_configuration(base::EntryId id, const raft::Configuration& configuration) {
    static_cast<void>(configuration);
    return apply_empty(id);
  }

  // Bytes applied but not yet in the store's files. Apply pauses at Options::unmaterialised_bytes_max (replica.h).
  virtual std::uint64_t unmaterialised_bytes() const = 0;
  // Asks the store to bring its durable mark forward when it is idle: the log wants to be truncated.
  virtual void want_durable() = 0;

  // --- raft snapshots (snapshot.h) ---
  //
  // The state of now or of a little earlier, never below the durable mark. Gone before the store is closed, and before install().
  virtual base::Result<std::unique_ptr<SnapshotSource>> take_snapshot() = 0;
  // A store beside the open one, of `mark.generation`, for what take_snapshot() of another member reads; its last entry is to be at
  // `mark.applied`. Whatever an earlier attempt has left there goes. Requires: the generation is not that of the open store; every sink
  // of before is gone. Null: not now.
  virtual std::unique_ptr<SnapshotSink> receive_snapshot(const base::StoreMark& mark) = 0;
  // The log names that store from now on, durably: it takes the place of the open one, whose files go. Until `done` is told reads see
  // the old state or fail as unavailable, and nothing is applied; then applied() is mark.applied. An error is final.
  // Requires: the end() of a sink of that mark has succeeded, and the sink is gone.
  virtual void install(const base::StoreMark& mark, io::Completion& done) = 0;
};

}  // namespace replica
