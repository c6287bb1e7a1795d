// storage/mvcc/compacted_row.h: the one row of the bucket `compaction` (docs/formats/store.md).
#pragma once

#include <limits>
#include <string>

#include "core/base/codec.h"
#include "core/base/result.h"
#include "storage/mvcc/revision.h"
#include "storage/sqlite/backend.h"

namespace mvcc {

inline constexpr std::uint64_t kCompactedRowId = 1;

inline sqlite::Row make_compacted_row(Revision compacted) {
  std::string value;
  base::ByteWriter(value).u64(compacted.value());
  return sqlite::Row{sqlite::Bucket::compaction, kCompactedRowId, 0, 0, std::move(value)};
}

// `damaged` when it is not what make_compacted_row() makes.
inline base::Result<Revision> parse_compacted_row(const sqlite::RowView& row) {
  base::ByteReader reader(row.value);
  const std::uint64_t value = reader.u64();
  const bool is_whole = reader.ok() && reader.at_end() && row.id == kCompactedRowId;
  if (!is_whole || value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return base::fail(base::Code::damaged, "row " + std::to_string(row.id) + " of the bucket `compaction` is no revision");
  }
  return Revision(value);
}

}  // namespace mvcc
