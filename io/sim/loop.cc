#include "io/sim/loop.h"

#include <algorithm>

#include "core/base/assert.h"

namespace io::sim {

namespace {
// Far above what any turn needs: beyond it two hooks ask for each other for ever.
constexpr std::size_t kHooksPerTurnMax = 1'000'000;
}  // namespace

void Loop::want_turn() {
  if (!event_.is_scheduled() && !life_.is_dead) life_.host.schedule(event_, life_.host.now());
}

void Loop::at_end_of_turn(io::EndOfTurn& hook) {
  ASSERT(!life_.host.is_in_job());
  if (std::find(ending_.begin(), ending_.end(), &hook) != ending_.end()) return;
  ending_.push_back(&hook);
  if (!life_.host.is_in_turn()) want_turn();
}

void Loop::on_next_turn(io::EndOfTurn& hook) {
  ASSERT(!life_.host.is_in_job());
  if (std::find(later_.begin(), later_.end(), &hook) != later_.end()) return;
  later_.push_back(&hook);
  want_turn();
}

void Loop::forget(io::EndOfTurn& hook) {
  std::replace(ending_.begin(), ending_.end(), &hook, static_cast<io::EndOfTurn*>(nullptr));
  later_.erase(std::remove(later_.begin(), later_.end(), &hook), later_.end());
}

void Loop::run_one_later() {
  if (later_.empty()) return;  // only hooks at the end of this turn, or all forgotten
  io::EndOfTurn* const hook = later_.front();
  later_.erase(later_.begin());
  if (!later_.empty()) want_turn();
  hook->on_end_of_turn();
}

void Loop::end_turn() {
  for (std::size_t i = 0; i < ending_.size(); ++i) {  // a hook may ask for more
    ASSERT(i < kHooksPerTurnMax);
    io::EndOfTurn* const hook = ending_[i];
    ending_[i] = nullptr;
    if (hook != nullptr) hook->on_end_of_turn();
  }
  ending_.clear();
}

}  // namespace io::sim
