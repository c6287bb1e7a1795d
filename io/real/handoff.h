// io/real/handoff.h: batches between the loop and a helper thread, one hand-off and at most one wake each.
//
//   loop --ToThread--> helper thread --ToLoop--> loop
//
// A wake costs more than the work it announces, so nothing here wakes anyone per item: the loop hands over what a
// turn gathered, and a helper rings only when the loop has nothing of it to fetch already.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "io/real/descriptor.h"

namespace io::real {

// Appends `from` to `into` and leaves `from` empty; a swap when it can be one.
template <typename T>
void move_batch(std::vector<T>& from, std::vector<T>& into) {
  if (into.empty()) {
    into.swap(from);
    return;
  }
  into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

template <typename T>
class ToThread {
 public:
  // Takes everything out of `batch`.
  void hand_over(std::vector<T>& batch) {
    {
      const std::lock_guard lock(mutex_);
      move_batch(batch, items_);
    }
    changed_.notify_one();
  }

  // Waits for the next batch. False when closed: what was not taken by then is dropped.
  bool take(std::vector<T>& batch) {
    ASSERT(batch.empty());
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (closed_) return false;
    batch.swap(items_);
    return true;
  }

  // Whoever works through a long batch asks between two items.
  bool is_closed() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> items_;
  bool closed_ = false;
};

template <typename T>
class ToLoop {
 public:
  ToLoop() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { ASSERT(event_.is_open()); }

  // To be watched edge-triggered: each ring is an edge, and nobody ever needs to read the counter back.
  int descriptor() const { return event_.get(); }

  // From any thread; takes everything out of `batch`.
  void hand_over(std::vector<T>& batch) {
    if (batch.empty()) return;
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = items_.empty();
      move_batch(batch, items_);
    }
    if (was_empty) ring();
  }

  void hand_over(T item) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = items_.empty();
      items_.push_back(std::move(item));
    }
    if (was_empty) ring();
  }

  // Possibly nothing: a ring may come after what it announced has been taken.
  void take(std::vector<T>& batch) {
    ASSERT(batch.empty());
    const std::lock_guard lock(mutex_);
    batch.swap(items_);
  }

 private:
  void ring() {
    const std::uint64_t one = 1;
    ASSERT(::write(event_.get(), &one, sizeof one) == sizeof one);
  }

  Descriptor event_;
  std::mutex mutex_;
  std::vector<T> items_;
};

}  // namespace io::real
