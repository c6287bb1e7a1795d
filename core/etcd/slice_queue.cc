#include "core/etcd/slice_queue.h"

namespace etcd {

void SliceQueue::add(Sliced& operation) {
  queue_.push_back(operation);
  ask();
}

void SliceQueue::ask() {
  if (is_asked_) return;
  is_asked_ = true;
  loop_.on_next_turn(*this);
}

void SliceQueue::on_end_of_turn() {
  is_asked_ = false;
  if (queue_.is_empty()) return;  // whoever was there has left
  Sliced& first = queue_.front();
  first.unlink();
  first.run_slice();
  if (!queue_.is_empty()) ask();
}

}  // namespace etcd
