#include "core/base/mark.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace base {

TEST_CASE("every mark has a name of its own, known without reaching it") {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kMarkCount; ++i) {
    const std::string name(to_text(static_cast<Mark>(i)));
    CHECK_FALSE(name.empty());
    CHECK_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos);
    CHECK(names.insert(name).second);
  }
}

TEST_CASE("a set of marks holds what was added, in the order of the list") {
  const auto last = static_cast<Mark>(kMarkCount - 1);
  Marks some;
  some.add(last);
  some.add(Mark::vote_refused_as_led);
  some.add(last);
  Marks more;
  more.add(Mark::election_lost);
  some.add(more);
  std::vector<Mark> seen;
  some.each([&](Mark mark) { seen.push_back(mark); });
  const std::vector<Mark> expected = {Mark::vote_refused_as_led, Mark::election_lost, last};
  CHECK(seen == expected);
  CHECK(some.has(last));
  CHECK_FALSE(some.has(Mark::pre_vote_refused_as_led));
  some.clear();
  CHECK_FALSE(some.has(last));
}

TEST_CASE("counts of runs add up") {
  MarkCounts one;
  one.add(Mark::log_tail_torn);
  MarkCounts other;
  other.add(Mark::log_tail_torn, 2);
  other.add(Mark::conflict_truncated);
  one.add(other);
  CHECK_EQ(one[Mark::log_tail_torn], 3);
  CHECK_EQ(one[Mark::conflict_truncated], 1);
  CHECK_EQ(one[Mark::election_lost], 0);
}

}  // namespace base
