#include "storage/mvcc/row_runs.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/base/assert.h"

namespace mvcc {

void RowRuns::add(std::vector<RowId> run) {
  if (run.empty()) return;
  std::sort(run.begin(), run.end(), std::greater<>());
  run.shrink_to_fit();
  runs_.push_back(std::move(run));
  std::push_heap(runs_.begin(), runs_.end(), is_later);
}

RowId RowRuns::take() {
  ASSERT(!empty());
  std::pop_heap(runs_.begin(), runs_.end(), is_later);
  Run& run = runs_.back();
  const RowId row = run.back();
  run.pop_back();
  if (run.empty()) {
    runs_.pop_back();
  } else {
    std::push_heap(runs_.begin(), runs_.end(), is_later);
  }
  return row;
}

}  // namespace mvcc
