// storage/mvcc/compaction.h: forgets what revision compaction has made superfluous, slice by slice.
//
// Forgetting begins when the log has raised the compacted revision, and after each start, since a crash may have
// brought rows back. It changes nothing that a reader can ask for, so members do it when they find the time.
//
//   pass:  first key ... [cursor] ... last key        collecting, always at the newest compacted revision;
//          a compaction that comes meanwhile makes the next pass necessary
//          then the rows in their order, whichever keys they are of: discarding (row_runs.h)
//
// The rows collected are remembered with eight bytes each.
#pragma once

#include <optional>

#include "core/base/marks.h"
#include "storage/mvcc/key_index.h"
#include "storage/mvcc/revision.h"
#include "storage/mvcc/row_runs.h"
#include "storage/sqlite/backend.h"

namespace mvcc {

class Compaction {
 public:
  // nullopt: nothing was ever compacted.
  std::optional<Revision> compacted() const { return compacted_; }
  // Whatever compaction at this revision makes superfluous has been discarded.
  std::optional<Revision> removed() const { return removed_; }
  // There is or may be something to discard.
  bool is_pending() const { return removed_ != compacted_; }

  // Requires: it rises.
  void set_compacted(Revision compacted);
  // As it was found at start, with whatever a crash has left or brought back.
  void resume(Revision compacted);

  // One slice: as many keys looked at, and as many rows discarded, as the budget says keys and versions; taking versions out of the
  // index is cheaper and has a multiple of that. Requires: is_pending(), and no entry is open.
  void run_slice(KeyIndex& index, sqlite::Backend& backend, const CompactionBudget& budget, base::Marks& marks);

 private:
  std::optional<Revision> compacted_;
  std::optional<Revision> removed_;  // invariant: removed_ <= compacted_
  std::optional<Revision> pass_;     // compacted_ when the pass under way began
  CompactionCursor cursor_;          // of that pass
  bool is_collecting_ = false;       // that pass is
  bool is_resumed_ = false;          // and it is the first one after a start
  RowRuns doomed_;                   // what it has collected and not discarded
};

}  // namespace mvcc
