// sim/alarms.h: functions that are called later, for the programs of simulated clients.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "io/clock.h"

namespace sim {

class Alarms final : private io::Timer {
 public:
  explicit Alarms(io::Clock& clock) : clock_(clock) {}
  ~Alarms() override { clock_.disarm(*this); }

  // Once, on a later turn; of equal times the first asked for is first. Nothing is called when the Alarms have gone.
  void after(base::Duration time, std::function<void()> then) {
    due_.emplace(clock_.now() + std::max(time, base::Duration::zero()), std::move(then));
    clock_.arm(*this, due_.begin()->first);
  }

 private:
  void on_timer() override {
    const std::function<void()> then = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    if (!due_.empty()) clock_.arm(*this, due_.begin()->first);
    then();
  }

  io::Clock& clock_;
  std::multimap<base::Instant, std::function<void()>> due_;
};

}  // namespace sim
