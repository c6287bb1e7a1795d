#include "io/real/clock.h"

#include <algorithm>
#include <ctime>

#include "core/base/assert.h"

namespace io::real {

namespace {

std::int64_t nanoseconds_of(clockid_t clock) {
  timespec time{};
  ASSERT(::clock_gettime(clock, &time) == 0);
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  return static_cast<std::int64_t>(time.tv_sec) * kNanosecondsPerSecond + time.tv_nsec;
}

}  // namespace

RealClock::RealClock() : started_at_(nanoseconds_of(CLOCK_MONOTONIC)) { begin_turn(); }

void RealClock::arm(Timer& timer, base::Instant at) {
  disarm(timer);
  const Key key{at, next_order_++};
  mark_armed(timer, key.at, key.order);
  armed_.emplace(key, &timer);
}

void RealClock::disarm(Timer& timer) {
  if (!timer.is_armed()) return;
  const std::size_t erased = armed_.erase(Key{at_of(timer), order_of(timer)});
  ASSERT(erased == 1);
  mark_idle(timer);
}

void RealClock::begin_turn() {
  now_ = base::Instant(since_start());
  wall_now_ = base::WallTime{nanoseconds_of(CLOCK_REALTIME)};
  turn_order_ = next_order_;
}

void RealClock::fire_due() {
  // A handler may arm and disarm any timer, so no iterator lives across a call: the last key fired does. What a
  // handler arms behind that key has an order of this turn and waits for the next one anyway.
  auto next = armed_.begin();
  while (next != armed_.end() && next->first.at <= now_) {
    if (next->first.order >= turn_order_) {
      ++next;
      continue;
    }
    const Key fired = next->first;
    Timer& timer = *next->second;
    armed_.erase(next);
    mark_idle(timer);
    timer.on_timer();
    next = armed_.upper_bound(fired);
  }
}

std::optional<base::Duration> RealClock::until_next_timer() const {
  if (armed_.empty()) return std::nullopt;
  return std::max(armed_.begin()->first.at.since_start() - since_start(), base::Duration::zero());
}

base::Duration RealClock::since_start() const { return base::Duration(nanoseconds_of(CLOCK_MONOTONIC)) - started_at_; }

}  // namespace io::real
