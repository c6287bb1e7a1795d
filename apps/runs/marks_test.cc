#include "apps/runs/marks.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "apps/runs/isolated_run.h"

namespace runs {

namespace {

sim::Plan plan_of(std::uint32_t members, std::uint32_t spares) {
  sim::Plan plan;
  plan.members = members;
  plan.spares = spares;
  return plan;
}

bool has(const std::vector<base::Mark>& marks, base::Mark mark) { return std::find(marks.begin(), marks.end(), mark) != marks.end(); }

}  // namespace

TEST_CASE("what no run of a batch has reached is named, as far as a run of it could") {
  MarkTotals totals;
  totals.add(plan_of(1, 0), {});
  CHECK(has(totals.never(), base::Mark::store_wal_copied));
  CHECK_FALSE(has(totals.wanted(), base::Mark::transfer_given_up));
  base::MarkCounts reached;
  reached.add(base::Mark::store_wal_copied, 3);
  totals.add(plan_of(3, 0), reached);
  totals.add(plan_of(1, 0), reached);
  CHECK_FALSE(has(totals.never(), base::Mark::store_wal_copied));
  CHECK(has(totals.never(), base::Mark::transfer_given_up));
  CHECK_FALSE(has(totals.wanted(), base::Mark::removed_was_told));
  CHECK_EQ(totals.times(base::Mark::store_wal_copied), 6);
  CHECK_EQ(totals.runs(base::Mark::store_wal_copied), 2);
  totals.add(plan_of(1, 2), {});
  CHECK_EQ(totals.wanted().size(), base::kMarkCount);
  CHECK_EQ(totals.never().size(), base::kMarkCount - 1);
  const std::string text = totals.to_text();
  CHECK_EQ(text.rfind("marks: 1 of " + std::to_string(base::kMarkCount) + " reached; never: ", 0), 0);
  CHECK_EQ(text.find("in one run only"), std::string::npos);
}

TEST_CASE("marks travel with a run's report from one process to the other") {
  RunReport report;
  report.outcome.marks.add(base::Mark::conflict_truncated, 2);
  report.outcome.marks.add(base::Mark::log_tail_torn);
  const RunReport read = from_json_line(to_json_line(report));
  for (std::size_t i = 0; i < base::kMarkCount; ++i) {
    const auto mark = static_cast<base::Mark>(i);
    CHECK_EQ(read.outcome.marks[mark], report.outcome.marks[mark]);
  }
}

}  // namespace runs
