// apps/lockstep/precise_timer.h: a timer of the loop that is due to the microsecond.
//
// io::Timer wakes at whole milliseconds, which is right for servers. An operation that is due every 200 microseconds
// would start late by more than it takes.
#pragma once

#include <chrono>

#include "io/real/descriptor.h"
#include "io/real/loop.h"

namespace lockstep {

class TimerHandler {
 public:
  virtual void on_due() = 0;

 protected:
  ~TimerHandler() = default;
};

class PreciseTimer final : private io::real::Source {
 public:
  PreciseTimer(io::real::RealLoop& loop, TimerHandler& handler);
  ~PreciseTimer();
  PreciseTimer(const PreciseTimer&) = delete;
  PreciseTimer& operator=(const PreciseTimer&) = delete;

  // Once, on a later turn. Armed already: moved.
  void arm(std::chrono::steady_clock::time_point at);

 private:
  void on_ready(std::uint32_t events) override;

  io::real::RealLoop& loop_;
  TimerHandler& handler_;
  io::real::SourceId id_;
  io::real::Descriptor descriptor_;
};

}  // namespace lockstep
