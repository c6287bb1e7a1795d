// apps/runs/marks.h: which of the rare branches (core/base/marks.h) a batch of runs has been in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/mark.h"
#include "sim/plan.h"

namespace runs {

class MarkTotals {
 public:
  void add(const sim::Plan& plan, const base::MarkCounts& reached);

  // Of those that one of the plans could reach, as far as the group goes that it is about; and whatever was reached.
  std::vector<base::Mark> wanted() const;
  std::vector<base::Mark> never() const;  // likewise, and none of the runs has
  std::uint64_t times(base::Mark mark) const { return times_[mark]; }
  std::uint64_t runs(base::Mark mark) const { return runs_[mark]; }  // that have

  // `marks: 58 of 60 reached; never: a, b; in one run only: c`
  std::string to_text() const;

 private:
  base::MarkNeeds has_ = base::MarkNeeds::member;  // the most that a plan had
  base::MarkCounts times_;
  base::MarkCounts runs_;
};

}  // namespace runs
