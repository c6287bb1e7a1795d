#include "storage/mvcc/compaction.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/mark.h"

namespace mvcc {

namespace {

// Taking a version out of the index is memory alone; discarding its row is work for the store.
constexpr std::uint64_t kCollectedPerDiscarded = 8;

}  // namespace

void Compaction::set_compacted(Revision compacted) {
  ASSERT(!compacted_ || *compacted_ < compacted);
  compacted_ = compacted;
}

void Compaction::resume(Revision compacted) {
  set_compacted(compacted);
  is_resumed_ = true;
}

void Compaction::run_slice(KeyIndex& index, sqlite::Backend& backend, const CompactionBudget& budget, base::Marks& marks) {
  ASSERT(is_pending());
  if (!pass_) {
    pass_ = compacted_;
    cursor_ = CompactionCursor();
    is_collecting_ = true;
  }
  if (is_collecting_) {
    std::vector<RowId> run;
    const std::uint64_t versions_max = std::numeric_limits<std::uint64_t>::max() / kCollectedPerDiscarded;
    const CompactionBudget collected{budget.keys, std::min(budget.versions, versions_max) * kCollectedPerDiscarded};
    is_collecting_ = !index.compact(*compacted_, cursor_, collected, [&](RowId row) { run.push_back(row); });
    doomed_.add(std::move(run));
    if (is_collecting_) return;
    if (std::exchange(is_resumed_, false) && !doomed_.empty()) marks.add(base::Mark::compaction_resumed);
  }
  for (std::uint64_t i = 0; i < budget.versions && !doomed_.empty(); ++i) {
    backend.discard(sqlite::Bucket::key, doomed_.take().value());
  }
  if (!doomed_.empty()) return;
  ASSERT(removed_ < pass_);
  if (pass_ != compacted_) marks.add(base::Mark::compaction_overtaken);
  removed_ = pass_;
  pass_.reset();
}

}  // namespace mvcc
