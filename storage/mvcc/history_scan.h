// storage/mvcc/history_scan.h: the changes of the store in the order in which they were made, over as many turns as the reader likes.
//
// Of what is not compacted nothing is missing; below the compacted revision rows are gone, more of them at each look. A reader looks at
// compacted() on each turn, and gives up what it can no longer read whole.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "storage/mvcc/revision.h"
#include "storage/mvcc/rows.h"
#include "storage/sqlite/backend.h"

namespace mvcc {

struct HistoryRow {
  Revision main;
  RowKind kind = RowKind::put;
  std::string_view record;  // record.h; until the turn ends
};

class HistoryScan {
 public:
  // Nothing is read before begin().
  HistoryScan() = default;
  // To the first change at `from` or later. An error is the disk's, as those of peek() are.
  base::Status begin(sqlite::Backend& backend, RowId last_row, Revision from);
  // The change that comes next, again and again until skip(); nullopt: there is none yet.
  base::Result<std::optional<HistoryRow>> peek(sqlite::Backend& backend);
  // Behind what peek() has just shown.
  void skip() { next_ = peeked_.next(); }

 private:
  RowId next_;    // the row at or above it comes next
  RowId peeked_;  // which peek() found
};

}  // namespace mvcc
