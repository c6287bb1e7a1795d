// io/clock.h: a member's clocks and timers.
//
// Time stands still during a turn: now() answers the same until the turn ends.
#pragma once

#include <cstdint>

#include "core/base/time.h"

namespace io {

class Clock;

// A one-shot timer, embedded in whoever waits. Its owner disarms it before destroying it.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  virtual void on_timer() = 0;  // no longer armed when called; may arm again
  bool is_armed() const { return armed_; }

 protected:
  virtual ~Timer() = default;  // never through this type; virtual only because a friend could

 private:
  friend class Clock;
  base::Instant at_;
  std::uint64_t order_ = 0;  // of arming, on this clock: the tie-breaker between equal instants
  bool armed_ = false;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual base::Instant now() const = 0;        // monotonic; starts near zero
  virtual base::WallTime wall_now() const = 0;  // may jump; for display and token expiry only

  // Fires once, on a later turn, not before `at`; among equal instants in the order of arming.
  // An armed timer is moved. `at` in the past means the next turn.
  virtual void arm(Timer& timer, base::Instant at) = 0;
  // No effect on a timer that is not armed.
  virtual void disarm(Timer& timer) = 0;

 protected:
  // For the two worlds: the bookkeeping a timer carries for its clock.
  static base::Instant at_of(const Timer& timer) { return timer.at_; }
  static std::uint64_t order_of(const Timer& timer) { return timer.order_; }
  static void mark_armed(Timer& timer, base::Instant at, std::uint64_t order) {
    timer.at_ = at;
    timer.order_ = order;
    timer.armed_ = true;
  }
  static void mark_idle(Timer& timer) { timer.armed_ = false; }
};

}  // namespace io
