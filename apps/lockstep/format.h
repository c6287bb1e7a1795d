// apps/lockstep/format.h: how the reports of `bench`, `drive` and `check` print numbers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "core/base/assert.h"

namespace lockstep {

// As snprintf() does. Requires: `pattern` fits the values.
template <typename... Values>
std::string format(const char* pattern, Values... values) {
  const int size = std::snprintf(nullptr, 0, pattern, values...);
  ASSERT(size >= 0);
  std::string out(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(out.data(), out.size(), pattern, values...);
  out.pop_back();
  return out;
}

inline unsigned long long wide(std::uint64_t value) { return value; }  // for %llu

inline double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace lockstep
