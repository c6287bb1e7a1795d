#include "storage/mvcc/row_runs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>

#include "property_tests/property.h"

namespace mvcc {
namespace {

PROPERTY("rows come out in order, however they were cut into runs") {
  property_tests::property("as if all had been sorted", [](const std::vector<std::vector<std::uint16_t>>& runs) {
    RowRuns rows;
    std::vector<RowId> expected;
    for (const std::vector<std::uint16_t>& numbers : runs) {
      std::vector<RowId> run;
      for (const std::uint16_t number : numbers) run.emplace_back(number);
      expected.insert(expected.end(), run.begin(), run.end());
      rows.add(std::move(run));
    }
    std::sort(expected.begin(), expected.end());
    std::vector<RowId> taken;
    while (!rows.empty()) taken.push_back(rows.take());
    RC_ASSERT(taken == expected);
  });
}

TEST_CASE("runs may come while rows are taken") {
  RowRuns rows;
  rows.add({RowId(5), RowId(3), RowId(9)});
  CHECK_EQ(rows.take(), RowId(3));
  rows.add({RowId(4), RowId(1)});
  for (const std::uint64_t expected : {1U, 4U, 5U, 9U}) CHECK_EQ(rows.take(), RowId(expected));
  CHECK(rows.empty());
}

}  // namespace
}  // namespace mvcc
