// apps/lockstep/histogram.h: how long operations took, in bounded memory.
//
// Durations up to 4 microseconds are counted exactly, to the nanosecond; above, every power of two is cut into 64 equal parts, so that
// what is read back is at most 1.6 % too large.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/time.h"

namespace lockstep {

class Histogram {
 public:
  Histogram();

  void add(base::Duration taken);  // negative counts as zero
  void clear();
  std::uint64_t count() const { return count_; }
  // The shortest duration that at least `parts` of a thousand did not exceed, rounded up to the end of its part, and
  // never above max(). Zero when nothing was added. Requires: parts <= 1000.
  base::Duration permille(unsigned parts) const;
  base::Duration max() const { return max_; }

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  base::Duration max_{};
};

}  // namespace lockstep
