// io/real/clock.h: the machine's clocks, read once per turn, and the timers.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "io/clock.h"

namespace io::real {

class RealClock final : public io::Clock {
 public:
  RealClock();

  base::Instant now() const override { return now_; }
  base::WallTime wall_now() const override { return wall_now_; }
  void arm(Timer& timer, base::Instant at) override;
  void disarm(Timer& timer) override;

  // For the loop. Reads the clocks; timers armed from here on belong to a later turn.
  void begin_turn();
  // Fires what is due at now(), in the order of (instant, arming).
  void fire_due();
  // How long the loop may sleep, by the clock as it is at this moment and not below zero; nothing when no timer is armed.
  std::optional<base::Duration> until_next_timer() const;

 private:
  struct Key {
    base::Instant at;
    std::uint64_t order = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  base::Duration since_start() const;

  base::Duration started_at_{};  // on the kernel's monotonic clock
  base::Instant now_;
  base::WallTime wall_now_;
  std::uint64_t next_order_ = 1;
  std::uint64_t turn_order_ = 1;  // orders from here on were given during this turn
  // Sorted, a node holds dozens of timers side by side, and arming allocates only now and then.
  absl::btree_map<Key, Timer*> armed_;
};

}  // namespace io::real
