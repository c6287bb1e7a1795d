// io/random.h: chance, by name.
//
// A draw is named by its purpose and by the identity of what is decided, never by "the next number": in
// io/sim the answer is a function of (seed, member, incarnation, purpose, identity), so taking one event
// out of a run leaves the other draws as they were (docs/determinism.md). In io/real it is a generator.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace io {

class Random {
 public:
  virtual ~Random() = default;
  // All 64 bits are uniform. Drawing the same name twice gives, in io/sim, the same number twice.
  virtual std::uint64_t draw(std::string_view purpose, std::initializer_list<std::uint64_t> identity) = 0;
};

// A number in [0, bound) from a draw, without floating point; the bias is below bound / 2^64.
inline std::uint64_t below(std::uint64_t draw, std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(draw) * bound) >> 64U);
}

}  // namespace io
