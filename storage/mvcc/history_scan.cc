#include "storage/mvcc/history_scan.h"

#include <utility>

namespace mvcc {

// Rows lie in the order of change, so the first one is found by halving; where rows are missing the next one stands for them.
base::Status HistoryScan::begin(sqlite::Backend& backend, RowId last_row, Revision from) {
  std::uint64_t low = 1;
  std::uint64_t high = last_row.value() + 1;  // invariant: rows below `low` are earlier than `from`, those at or above `high` are not
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto row = backend.read_at_or_after(sqlite::Bucket::key, middle);
    if (!row) return base::fail(row.error());
    const bool is_earlier = row->has_value() && (*row)->main < to_signed(from);
    if (is_earlier) low = (*row)->id + 1;
    else high = middle;
  }
  next_ = RowId(low);
  return {};
}

base::Result<std::optional<HistoryRow>> HistoryScan::peek(sqlite::Backend& backend) {
  auto row = backend.read_at_or_after(sqlite::Bucket::key, next_.value());
  if (!row) return base::fail(std::move(row.error()));
  if (!row->has_value()) return std::optional<HistoryRow>();
  peeked_ = RowId((*row)->id);
  return std::optional<HistoryRow>(HistoryRow{revision_from((*row)->main), kind_of(**row), (*row)->value});
}

}  // namespace mvcc
