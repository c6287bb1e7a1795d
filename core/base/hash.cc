#include "core/base/hash.h"

#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // in its place: the widest vectors that the machine has. The numbers are the same.
#endif

namespace base {

namespace {
std::string padded(std::uint64_t value) {
  std::string out(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 0xf];
  return out;
}
}  // namespace

void Hash128::add(const Hash128& other) {
  low += other.low;
  high += other.high + (low < other.low ? 1 : 0);
}

void Hash128::remove(const Hash128& other) {
  const bool borrow = low < other.low;
  low -= other.low;
  high -= other.high + (borrow ? 1 : 0);
}

std::string to_text(const Hash128& hash) { return padded(hash.high) + padded(hash.low); }

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Hash128 hash128(std::string_view bytes, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.high64, hash.low64};
}

void Digest::fold(std::string_view bytes) {
  const Hash128 part = hash128(bytes, bytes.size());
  fold(part.high);
  fold(part.low);
}

void Digest::fold(std::uint64_t value) {
  const std::uint64_t high = mix64(state_.high ^ value, state_.low);
  state_.low = mix64(state_.low + value, high);
  state_.high = high;
}

}  // namespace base
