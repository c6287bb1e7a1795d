// core/base/time.h: time as the code inside a world sees it. Nobody here reads a clock; io::Clock hands these out.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace base {

using Duration = std::chrono::nanoseconds;

// A point on one member's monotonic clock. Comparable only within one member and one incarnation.
class Instant {
 public:
  constexpr Instant() = default;
  explicit constexpr Instant(Duration since_start) : since_start_(since_start) {}
  constexpr Duration since_start() const { return since_start_; }
  friend constexpr Instant operator+(Instant at, Duration by) { return Instant(at.since_start_ + by); }
  friend constexpr Duration operator-(Instant later, Instant earlier) { return later.since_start_ - earlier.since_start_; }
  friend constexpr auto operator<=>(Instant, Instant) = default;

 private:
  Duration since_start_{};
};

// Nanoseconds since the Unix epoch, for display and token expiry only: it may jump either way.
struct WallTime {
  std::int64_t nanoseconds = 0;
  friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

}  // namespace base
