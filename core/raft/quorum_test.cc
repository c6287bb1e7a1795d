#include "core/raft/quorum.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace raft {

namespace {
// The definition, word for word: the highest index that at least a majority has reached.
base::LogIndex by_definition(const std::vector<base::LogIndex>& matched) {
  base::LogIndex best;
  for (const base::LogIndex candidate : matched) {
    const auto reached = std::count_if(matched.begin(), matched.end(), [&](base::LogIndex m) { return m >= candidate; });
    if (static_cast<std::size_t>(reached) * 2 > matched.size()) best = std::max(best, candidate);
  }
  return best;
}
}  // namespace

TEST_CASE("two majorities always share a voter") {
  for (std::size_t voters = 1; voters <= 9; ++voters) {
    CHECK(majority(voters) * 2 > voters);
    CHECK((majority(voters) - 1) * 2 <= voters);
  }
}

TEST_CASE("what a majority has is what its definition says, for all small inputs") {
  constexpr std::uint64_t kValues = 4;
  for (std::size_t voters = 1; voters <= 5; ++voters) {
    std::uint64_t combinations = 1;
    for (std::size_t i = 0; i < voters; ++i) combinations *= kValues;
    for (std::uint64_t code = 0; code < combinations; ++code) {
      std::vector<base::LogIndex> matched;
      for (std::uint64_t rest = code; matched.size() < voters; rest /= kValues) matched.emplace_back(rest % kValues);
      const base::LogIndex expected = by_definition(matched);
      REQUIRE_EQ(majority_matched(matched), expected);
    }
  }
}

}  // namespace raft
