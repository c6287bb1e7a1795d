#include "storage/mvcc/compaction.h"

#include "core/base/assert.h"

namespace mvcc {

void Compaction::set_compacted(Revision compacted) {
  ASSERT(!compacted_ || *compacted_ < compacted);
  compacted_ = compacted;
}

void Compaction::run_slice(KeyIndex& index, sqlite::Backend& backend, const CompactionBudget& budget) {
  ASSERT(is_pending());
  if (!pass_) {
    pass_ = compacted_;
    cursor_ = CompactionCursor();
  }
  const bool ended = index.compact(*compacted_, cursor_, budget,
                                   [&](RowId row) { backend.discard(sqlite::Bucket::key, row.value()); });
  if (!ended) return;
  ASSERT(removed_ < pass_);
  removed_ = pass_;
  pass_.reset();
}

}  // namespace mvcc
