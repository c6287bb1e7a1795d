// core/etcd/compactor.h: lets the store forget what was compacted, one slice after the other, with pauses between.
//
//   idle -> a slice -> pause -> a slice ... -> idle
//
// A slice is a turn's work at most, and none runs while the store's tail is long, so that forgetting never holds up
// writes. The pace is a constant in both worlds.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/base/intrusive_list.h"
#include "core/base/time.h"
#include "io/world.h"
#include "storage/mvcc/store.h"
#include "storage/sqlite/backend.h"

namespace etcd {

struct CompactionPace {
  mvcc::CompactionBudget slice;                              // etcd's --compaction-batch-limit
  base::Duration pause = std::chrono::milliseconds(10);      // between slices: --compaction-sleep-interval
  std::uint64_t unmaterialised_bytes_max = 16U << 20U;       // of the store; above it slices wait
};

// What the compactor notes of whoever waits.
class RemovalTicket {
 public:
  RemovalTicket() = default;

 private:
  friend class Compactor;
  mvcc::Revision revision_;  // while slices run
  std::uint64_t batch_ = 0;  // afterwards, while what they discarded is on its way to the store's files
};

// Embedded in whoever waits until compacted revisions are gone; to give up, RemovalWait::unlink().
class RemovalWait : public base::ListNode<RemovalWait>, public RemovalTicket {
 public:
  virtual void on_removed() = 0;

 protected:
  ~RemovalWait() = default;
};

class Compactor final : private io::Timer {
 public:
  // All references outlive it.
  Compactor(const io::World& world, mvcc::Store& store, sqlite::Backend& backend, CompactionPace pace);
  ~Compactor() { world_.clock.disarm(*this); }

  // The store was opened or compacted: there may be something to forget.
  void wake();
  // A batch has reached the store's files.
  void on_room() { answer_committed(); }
  // No slice runs any more, and whoever waits waits in vain.
  void stop();

  // Calls on_removed() on a later turn: when whatever compactions until now made superfluous has been discarded,
  // and that is committed in the store's files. Requires: the store was compacted.
  void wait(RemovalWait& wait);
  // Whoever waits for another one, of the same store when it was younger, waits for this one instead.
  void take_over(Compactor& other);

 private:
  void on_timer() override;
  void note_removed();
  void answer_committed();
  void arm(base::Duration delay);

  const io::World world_;
  mvcc::Store& store_;
  sqlite::Backend& backend_;
  const CompactionPace pace_;
  bool is_stopped_ = false;
  base::IntrusiveList<RemovalWait> removing_;    // in the order of their revisions
  base::IntrusiveList<RemovalWait> committing_;  // in the order of their batches
};

}  // namespace etcd
