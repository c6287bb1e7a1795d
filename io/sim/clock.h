// io/sim/clock.h: what one process believes about time.
//
// Monotonic time runs at its own rate, in parts per million off the true one; the wall clock is skewed
// besides and jumps. A pause is not a matter of the clock: the machine just handles nothing for a while
// (Node::pause), and the clock goes on.
#pragma once

#include <cstdint>
#include <vector>

#include "io/clock.h"
#include "io/sim/host.h"

namespace io::sim {

class Clock final : public io::Clock {
 public:
  // `wall_skew` and `drift_ppm` survive restarts, so their owner is the node.
  Clock(Life& life, base::Duration wall_skew, std::int32_t drift_ppm);
  ~Clock() override;

  base::Instant now() const override;
  base::WallTime wall_now() const override;
  void arm(io::Timer& timer, base::Instant at) override;
  void disarm(io::Timer& timer) override;

  // Faults. A drift of 100 runs 100 us fast per second. Requires: -1'000'000 < drift_ppm.
  void set_drift(std::int32_t drift_ppm);
  void jump_wall(base::Duration by) { wall_skew_ += by; }

  // Midnight, 1 January 2026 UTC: the wall time at the start of every run.
  static constexpr base::WallTime kEpoch{1'767'225'600'000'000'000};

 private:
  struct Armed {
    base::Instant at;
    std::uint64_t order;
    io::Timer* timer;
    // The earliest is last, where it is cheap to take.
    bool later_than(base::Instant other_at, std::uint64_t other_order) const {
      return at != other_at ? at > other_at : order > other_order;
    }
  };
  class TimerEvent final : public Event {
   public:
    explicit TimerEvent(Clock& clock) : Event(TurnKind::timer), clock_(clock) {}
    void fire() override { clock_.fire_first(); }

   private:
    Clock& clock_;
  };

  base::Instant local(VirtualTime at) const;
  VirtualTime true_time(base::Instant at) const;  // the first at which local() is not before `at`
  void fire_first();
  void schedule_first();
  std::vector<Armed>::iterator position(base::Instant at, std::uint64_t order);

  Life& life_;
  TimerEvent event_{*this};
  std::vector<Armed> armed_;  // sorted, the earliest last
  std::uint64_t next_order_ = 0;

  VirtualTime anchor_;          // since then the rate has been constant,
  base::Instant anchor_local_;  // and it was this then
  base::WallTime wall_at_start_;
  base::Duration wall_skew_;
  std::int32_t drift_ppm_;
};

}  // namespace io::sim
