// property_tests/differential/generator.h: the requests of one epoch, as a function of seed and epoch alone.
//
// An epoch is a run of requests against fresh servers. Few keys, few values and revisions near the newest and the
// compacted one, so that requests meet; each epoch prefers other kinds, and some do without one altogether.
#pragma once

#include <array>
#include <cstdint>
#include <set>

#include "property_tests/differential/dice.h"
#include "property_tests/differential/step.h"

namespace property_tests::differential {

class Generator {
 public:
  // `kinds`: none but these are generated.
  Generator(std::uint64_t seed, std::uint64_t epoch, const std::set<Kind>& kinds);

  Step next();

 private:
  static constexpr std::size_t kKindCount = std::size(kKinds);

  Step first();
  Step draw(Kind kind);
  Step draw_txn();

  Dice dice_;
  std::uint64_t count_ = 0;
  bool puts_;  // allowed at all
  bool transacts_;
  bool compacts_;
  std::array<std::uint64_t, kKindCount> weights_{};  // by Kind
};

}  // namespace property_tests::differential
