// core/replica/incoming_snapshot.h: the snapshot that comes to this member, one at a time (snapshot.h).
//
//   receiving -> arrived -> named -> installed
//
// Its pieces go into a store beside the open one. When all of it is there, durably, raft is asked: only then is there nothing of it
// that could still be lost. If raft wants it, the log names the new store; and when it does so durably, that store takes the open
// one's place. A crash before that finds the old store, and a crash after it the new one.
#pragma once

#include <memory>
#include <optional>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/raft/message.h"
#include "core/replica/snapshot.h"
#include "core/replica/state_machine.h"
#include "io/completion.h"
#include "io/world.h"

namespace replica {

// On turns of their own.
class IncomingSnapshotListener {
 public:
  virtual void on_snapshot_arrived() = 0;  // take_arrived() at the end of this turn
  // The store that is the member's state now, or why there is none: final.
  virtual void on_snapshot_installed(const base::Result<base::StoreMark>& store) = 0;

 protected:
  ~IncomingSnapshotListener() = default;
};

class IncomingSnapshot final : private io::Completion {
 public:
  struct Arrived {
    base::MemberId from;
    raft::Snapshot snapshot;
  };

  // It outlives its sink.
  IncomingSnapshot(const io::World& world, StateMachine& machine, IncomingSnapshotListener& listener);

  // The transport's: where the pieces go, into the store after that of generation `open`. Null: not now, since there is one already, or
  // the state machine declines.
  std::unique_ptr<SnapshotSink> receive(const Arrived& what, base::StoreGeneration open);
  // For raft to decide; once.
  std::optional<Arrived> take_arrived();
  // Raft wants the one that was taken last: the log is to name this store.
  base::StoreMark begin_install();
  bool waits_for_log() const { return installing_ && !is_asked_; }
  // The log names it, durably. Requires: waits_for_log().
  void install();
  // From begin_install() on, until its store is the member's state.
  bool is_installing() const { return installing_.has_value(); }

  bool is_free() const { return !is_receiving_ && !arrived_ && !installing_; }

 private:
  class Sink;

  void complete(base::Status status) override;  // of the install

  const io::World& world_;
  StateMachine& machine_;
  IncomingSnapshotListener& listener_;
  bool is_receiving_ = false;                  // its sink is out, and no other one has to make way
  base::StoreMark store_;                      // where the newest one goes
  std::optional<Arrived> arrived_;             // its state is here, durably
  std::optional<base::StoreMark> installing_;
  bool is_asked_ = false;                      // the state machine, to install it
};

}  // namespace replica
