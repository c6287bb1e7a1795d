#include "apps/lockstep/precise_timer.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cstdint>

#include "core/base/assert.h"

namespace lockstep {

PreciseTimer::PreciseTimer(io::real::RealLoop& loop, TimerHandler& handler)
    : loop_(loop), handler_(handler), id_(loop.enroll(*this)), descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  ASSERT(descriptor_.is_open());
  loop_.watch(id_, descriptor_.get(), EPOLLIN);
}

PreciseTimer::~PreciseTimer() { loop_.retire(id_); }

void PreciseTimer::arm(std::chrono::steady_clock::time_point at) {
  // steady_clock is CLOCK_MONOTONIC. All zero would disarm, hence the 1.
  const std::int64_t nanoseconds = std::max<std::int64_t>(1, std::chrono::nanoseconds(at.time_since_epoch()).count());
  itimerspec spec{};
  spec.it_value.tv_sec = nanoseconds / 1000000000;
  spec.it_value.tv_nsec = nanoseconds % 1000000000;
  ASSERT(::timerfd_settime(descriptor_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

void PreciseTimer::on_ready(std::uint32_t /*events*/) {
  std::uint64_t count = 0;
  if (::read(descriptor_.get(), &count, sizeof count) == sizeof count) handler_.on_due();
}

}  // namespace lockstep
