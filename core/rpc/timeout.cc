#include "core/rpc/timeout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace rpc {
namespace {

constexpr std::size_t kDigitsMax = 8;
constexpr std::int64_t kValueMax = 99'999'999;

struct Unit {
  char letter;
  std::int64_t nanoseconds;
};
constexpr std::array<Unit, 6> kUnits = {{{'n', 1},
                                         {'u', 1'000},
                                         {'m', 1'000'000},
                                         {'S', 1'000'000'000},
                                         {'M', 60'000'000'000},
                                         {'H', 3'600'000'000'000}}};

// Eight digits of hours are eleven thousand years. A tenth of a Duration's range leaves room to add a now.
constexpr std::int64_t kNanosecondsMax = INT64_MAX / 10;

}  // namespace

std::optional<base::Duration> parse_timeout(std::string_view value) {
  if (value.size() < 2 || value.size() > kDigitsMax + 1) return std::nullopt;
  std::int64_t amount = 0;
  for (const char c : value.substr(0, value.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    amount = amount * 10 + (c - '0');
  }
  for (const Unit& unit : kUnits) {
    if (unit.letter != value.back()) continue;
    if (amount > kNanosecondsMax / unit.nanoseconds) return base::Duration(kNanosecondsMax);
    return base::Duration(amount * unit.nanoseconds);
  }
  return std::nullopt;
}

std::string format_timeout(base::Duration timeout) {
  const std::int64_t nanoseconds = std::max<std::int64_t>(timeout.count(), 0);
  for (const Unit& unit : kUnits) {
    const std::int64_t amount = nanoseconds / unit.nanoseconds + (nanoseconds % unit.nanoseconds != 0 ? 1 : 0);
    if (amount <= kValueMax) return std::to_string(amount) + unit.letter;
  }
  return std::to_string(kValueMax) + 'H';
}

}  // namespace rpc
