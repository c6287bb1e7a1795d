#include "io/sim/clock.h"

#include <algorithm>

#include "core/base/assert.h"

namespace io::sim {

namespace {
constexpr std::int64_t kMillion = 1'000'000;
__extension__ using Wide = __int128;

base::Duration scale(base::Duration span, std::int64_t numerator, std::int64_t denominator, bool round_up) {
  const Wide product = static_cast<Wide>(span.count()) * numerator;
  return base::Duration(static_cast<std::int64_t>((product + (round_up ? denominator - 1 : 0)) / denominator));
}
}  // namespace

Clock::Clock(Life& life, base::Duration wall_skew, std::int32_t drift_ppm)
    : life_(life), anchor_(life.host.now()), wall_skew_(wall_skew), drift_ppm_(drift_ppm) {
  ASSERT(drift_ppm > -kMillion);
  wall_at_start_.nanoseconds = kEpoch.nanoseconds + life.host.now().since_start().count();
}

Clock::~Clock() { life_.host.cancel(event_); }

base::Instant Clock::local(VirtualTime at) const {
  return anchor_local_ + scale(at - anchor_, kMillion + drift_ppm_, kMillion, false);
}

VirtualTime Clock::true_time(base::Instant at) const {
  if (at <= anchor_local_) return anchor_;
  return anchor_ + scale(at - anchor_local_, kMillion, kMillion + drift_ppm_, true);
}

base::Instant Clock::now() const {
  ASSERT(!life_.host.is_in_job());  // a job may not touch the clock
  return local(life_.host.now());
}

base::WallTime Clock::wall_now() const {
  return {wall_at_start_.nanoseconds + now().since_start().count() + wall_skew_.count()};
}

std::vector<Clock::Armed>::iterator Clock::position(base::Instant at, std::uint64_t order) {
  return std::lower_bound(armed_.begin(), armed_.end(), order,
                          [at](const Armed& armed, std::uint64_t wanted) { return armed.later_than(at, wanted); });
}

void Clock::arm(io::Timer& timer, base::Instant at) {
  ASSERT(!life_.host.is_in_job());
  if (timer.is_armed()) disarm(timer);
  const std::uint64_t order = next_order_++;
  armed_.insert(position(at, order), {at, order, &timer});
  mark_armed(timer, at, order);
  if (armed_.back().timer == &timer) schedule_first();
}

void Clock::disarm(io::Timer& timer) {
  if (!timer.is_armed()) return;
  const auto found = position(at_of(timer), order_of(timer));
  ASSERT(found != armed_.end());
  ASSERT(found->timer == &timer);
  const bool was_first = found + 1 == armed_.end();
  armed_.erase(found);
  mark_idle(timer);
  if (was_first) schedule_first();
}

void Clock::schedule_first() {
  if (life_.is_dead) return;
  if (armed_.empty()) return life_.host.cancel(event_);
  life_.host.schedule(event_, std::max(true_time(armed_.back().at), life_.host.now()));
}

void Clock::fire_first() {
  ASSERT(!armed_.empty());
  const Armed first = armed_.back();
  ASSERT(first.at <= now());
  armed_.pop_back();
  mark_idle(*first.timer);
  schedule_first();
  life_.host.note(static_cast<std::uint64_t>(first.at.since_start().count()));
  first.timer->on_timer();
}

void Clock::set_drift(std::int32_t drift_ppm) {
  ASSERT(drift_ppm > -kMillion);
  const VirtualTime now_true = life_.host.now();
  anchor_local_ = local(now_true);
  anchor_ = now_true;
  drift_ppm_ = drift_ppm;
  schedule_first();
}

}  // namespace io::sim
