// io/real/hooks.h: whom to call, in the order of asking, each once.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "io/loop.h"

namespace io::real {

class Hooks {
 public:
  // Asking twice before the call counts once.
  void ask(EndOfTurn& hook) {
    if (asked_.insert(&hook).second) order_.push_back(&hook);
  }

  void forget(EndOfTurn& hook) {
    if (asked_.erase(&hook) == 0) return;
    // Overwritten, not erased: the list may be running.
    std::replace(order_.begin(), order_.end(), &hook, static_cast<EndOfTurn*>(nullptr));
  }

  bool is_empty() const { return asked_.empty(); }

  // Calls everyone, including those who ask meanwhile, until nobody is left.
  void run() {
    for (std::size_t i = 0; i < order_.size(); ++i) {
      EndOfTurn* const hook = std::exchange(order_[i], nullptr);
      if (hook == nullptr) continue;
      asked_.erase(hook);  // from here on it may ask again
      hook->on_end_of_turn();
    }
    order_.clear();
  }

  void swap(Hooks& other) {
    order_.swap(other.order_);
    asked_.swap(other.asked_);
  }

 private:
  std::vector<EndOfTurn*> order_;  // null: forgotten, or already called
  absl::flat_hash_set<const EndOfTurn*> asked_;  // those in order_ that are still to be called
};

}  // namespace io::real
