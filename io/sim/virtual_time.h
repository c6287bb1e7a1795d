// io/sim/virtual_time.h: the time that really passes in a run; no member ever sees it.
//
// A member sees its own clocks (clock.h), which may be skewed, drift and jump against this one.
#pragma once

#include <compare>
#include <cstdint>

#include "core/base/time.h"

namespace io::sim {

class VirtualTime {
 public:
  constexpr VirtualTime() = default;
  explicit constexpr VirtualTime(base::Duration since_start) : since_start_(since_start) {}
  static constexpr VirtualTime never() { return VirtualTime(base::Duration::max()); }

  constexpr base::Duration since_start() const { return since_start_; }
  // The identity of most decisions names the millisecond they fall into.
  constexpr std::uint64_t millisecond() const { return static_cast<std::uint64_t>(since_start_.count() / 1'000'000); }

  friend constexpr VirtualTime operator+(VirtualTime at, base::Duration by) { return VirtualTime(at.since_start_ + by); }
  friend constexpr base::Duration operator-(VirtualTime later, VirtualTime earlier) {
    return later.since_start_ - earlier.since_start_;
  }
  friend constexpr auto operator<=>(VirtualTime, VirtualTime) = default;

 private:
  base::Duration since_start_{};
};

}  // namespace io::sim
