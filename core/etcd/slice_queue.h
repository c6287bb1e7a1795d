// core/etcd/slice_queue.h: long reads take turns: one slice of one of them per turn of the loop, so that everything
// else waits for no more than that, however many there are.
#pragma once

#include "core/base/intrusive_list.h"
#include "io/loop.h"

namespace etcd {

// Embedded in an operation that works in slices. To leave the queue: Sliced::unlink().
class Sliced : public base::ListNode<Sliced> {
 public:
  virtual void run_slice() = 0;  // not queued any more when called; adds itself again when there is more to do

 protected:
  ~Sliced() = default;
};

class SliceQueue final : private io::EndOfTurn {
 public:
  explicit SliceQueue(io::Loop& loop) : loop_(loop) {}
  ~SliceQueue() { loop_.forget(*this); }

  // Runs its slice on a later turn. Requires: it is not queued.
  void add(Sliced& operation);

 private:
  void on_end_of_turn() override;
  void ask();

  io::Loop& loop_;
  base::IntrusiveList<Sliced> queue_;  // first come, first served
  bool is_asked_ = false;              // the loop will call
};

}  // namespace etcd
