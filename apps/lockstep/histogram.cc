#include "apps/lockstep/histogram.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "core/base/assert.h"

namespace lockstep {

namespace {

// Nanoseconds below kExact have a part each. Above, the leading bit and the six bits behind it name the part.
constexpr unsigned kExactBits = 12;
constexpr std::uint64_t kExact = std::uint64_t{1} << kExactBits;
constexpr unsigned kPartBits = 6;
constexpr std::size_t kPartsPerPower = std::size_t{1} << kPartBits;
constexpr unsigned kPowers = 63 - kExactBits;  // durations have 63 bits

std::size_t part_of(std::uint64_t nanoseconds) {
  if (nanoseconds < kExact) return nanoseconds;
  const unsigned power = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1;
  const std::uint64_t part = (nanoseconds >> (power - kPartBits)) & (kPartsPerPower - 1);
  return kExact + (power - kExactBits) * kPartsPerPower + part;
}

// The largest duration that part_of() puts there.
std::uint64_t end_of(std::size_t part) {
  if (part < kExact) return part;
  const std::size_t above = part - kExact;
  const unsigned power = kExactBits + static_cast<unsigned>(above / kPartsPerPower);
  const std::uint64_t width = std::uint64_t{1} << (power - kPartBits);
  return (std::uint64_t{1} << power) + (above % kPartsPerPower + 1) * width - 1;
}

}  // namespace

Histogram::Histogram() : counts_(kExact + kPowers * kPartsPerPower) {}

void Histogram::add(base::Duration taken) {
  taken = std::max(taken, base::Duration::zero());
  const std::size_t part = part_of(static_cast<std::uint64_t>(taken.count()));
  ASSERT(part < counts_.size());
  ++counts_[part];
  ++count_;
  max_ = std::max(max_, taken);
}

void Histogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  max_ = {};
}

base::Duration Histogram::permille(unsigned parts) const {
  ASSERT(parts <= 1000);
  if (count_ == 0) return {};
  // So many must not exceed it; at least one, or zero would always be the answer to 0.
  const std::uint64_t wanted = std::max<std::uint64_t>(1, count_ / 1000 * parts + (count_ % 1000 * parts + 999) / 1000);
  std::uint64_t seen = 0;
  for (std::size_t part = 0; part < counts_.size(); ++part) {
    seen += counts_[part];
    if (seen >= wanted) return std::min(base::Duration(static_cast<std::int64_t>(end_of(part))), max_);
  }
  ASSERT(false);  // the counts add up to count_
  return max_;
}

}  // namespace lockstep
