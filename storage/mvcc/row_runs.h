// storage/mvcc/row_runs.h: many rows that come in runs and are wanted in order, a few at a time.
//
// What compaction drops key by key lies scattered over the table. Taken in the order of rows, those that share a page of the store
// go together, and the page is written once instead of once for each. Sorting all at once would hold up everybody; a run is as
// small as whoever adds it decides, and taking a row costs the logarithm of the number of runs.
#pragma once

#include <cstddef>
#include <vector>

#include "storage/mvcc/revision.h"

namespace mvcc {

class RowRuns {
 public:
  // In any order; may be empty.
  void add(std::vector<RowId> run);
  bool empty() const { return runs_.empty(); }
  // The smallest of all. Requires: !empty().
  RowId take();

 private:
  using Run = std::vector<RowId>;  // descending, so that the smallest is at the back; never empty
  static bool is_later(const Run& a, const Run& b) { return a.back() > b.back(); }

  std::vector<Run> runs_;  // a heap: the run with the smallest row on top
};

}  // namespace mvcc
