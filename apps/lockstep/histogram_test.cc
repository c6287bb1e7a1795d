#include "apps/lockstep/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "property_tests/property.h"

using lockstep::Histogram;
using base::Duration;

TEST_CASE("an empty histogram says zero") {
  const Histogram histogram;
  CHECK_EQ(histogram.count(), 0);
  CHECK_EQ(histogram.permille(500).count(), 0);
  CHECK_EQ(histogram.max().count(), 0);
}

TEST_CASE("percentiles of a hundred durations are the durations themselves, where they are exact") {
  Histogram histogram;
  for (int taken = 100; taken >= 1; --taken) histogram.add(Duration(taken));
  struct Case { unsigned parts; int taken; };
  constexpr Case cases[] = {{0, 1}, {1, 1}, {500, 50}, {501, 51}, {900, 90}, {990, 99}, {999, 100}, {1000, 100}};
  for (const Case& c : cases) {
    CAPTURE(c.parts);
    CHECK_EQ(histogram.permille(c.parts).count(), c.taken);
  }
}

TEST_CASE("the longest and the shortest possible durations have a place") {
  Histogram histogram;
  histogram.add(Duration(-5));
  histogram.add(Duration(std::numeric_limits<std::int64_t>::max()));
  CHECK_EQ(histogram.permille(500).count(), 0);
  CHECK_EQ(histogram.permille(1000).count(), std::numeric_limits<std::int64_t>::max());
  histogram.clear();
  CHECK_EQ(histogram.count(), 0);
  CHECK_EQ(histogram.permille(1000).count(), 0);
}

PROPERTY("a percentile is the sorted list's, at most 1.6 % more") {
  property_tests::property("percentiles", [] {
    const auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::inRange<std::int64_t>(0, *rc::gen::elementOf(std::vector<std::int64_t>{10, 5000, 1000000, 100000000000}))));
    const unsigned parts = *rc::gen::inRange(0U, 1001U);
    Histogram histogram;
    for (const std::int64_t value : values) histogram.add(Duration(value));
    std::vector<std::int64_t> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t rank = std::max<std::size_t>(1, (sorted.size() * parts + 999) / 1000);
    const std::int64_t exact = sorted[rank - 1];
    const std::int64_t answer = histogram.permille(parts).count();
    RC_ASSERT(answer >= exact);
    RC_ASSERT(answer <= exact + exact / 64);
  });
}
