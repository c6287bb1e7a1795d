// storage/mvcc/overtaken.h: how a scan in slices gets to its end although compactions make it begin anew.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mvcc {

// What a slice may cost is multiplied by this: by four each time that the scan began anew. Whoever compacts faster than small slices
// get on cannot keep it at work for ever. Requires: begun_count > 0, the first beginning included.
constexpr std::uint64_t overtaken_factor(unsigned begun_count) {
  constexpr unsigned kPowerMax = 12;  // enough for anything
  return std::uint64_t{1} << (2 * std::min(begun_count - 1, kPowerMax));
}

}  // namespace mvcc
