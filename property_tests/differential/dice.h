// property_tests/differential/dice.h: chance from a seed, the same on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/hash.h"

namespace property_tests::differential {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}

  // Requires: count > 0.
  std::uint64_t below(std::uint64_t count) { return base::mix64(seed_, ++throws_) % count; }
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last - first + 1)));
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <typename T, std::size_t N>
  const T& pick(const std::array<T, N>& from) {
    return from[below(N)];
  }

 private:
  std::uint64_t seed_;
  std::uint64_t throws_ = 0;
};

}  // namespace property_tests::differential
