// core/base/hash.h: non-cryptographic hashes, the same on every machine and compiler (XXH3, docs/decisions/0003-xxhash.md).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace base {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;

  // Order-free sum of many hashes: add() what appears, remove() what goes. Both wrap.
  void add(const Hash128& other);
  void remove(const Hash128& other);
};

std::string to_text(const Hash128& hash);  // 32 hex digits

// Checksums of our formats and the hash behind every named decision.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);
Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0);

// A good 64-bit mix of two words, for building keys from numbers without a buffer.
// The finaliser of SplitMix64 over both; the odd factor makes it a bijection of `b` for each `a`, and of `a` for each `b`.
constexpr std::uint64_t mix64(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a + 0x9e3779b97f4a7c15U * (b + 1U);
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

// A running 128-bit digest: each fold depends on all earlier ones and on its own length.
class Digest {
 public:
  void fold(std::string_view bytes);
  void fold(std::uint64_t value);
  const Hash128& value() const { return state_; }

 private:
  Hash128 state_;
};

}  // namespace base
