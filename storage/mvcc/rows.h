// storage/mvcc/rows.h: how a change becomes a row of the bucket `key` (docs/formats/key-rows.md).
//
// The `sub` column is twice the sub revision, plus one in a tombstone: a delete can be told from a put without
// looking into the record, and rows still sort by (main, sub).
#pragma once

#include <string>

#include "storage/mvcc/revision.h"
#include "storage/sqlite/backend.h"

namespace mvcc {

enum class RowKind : std::uint8_t { put = 0, tombstone = 1 };

inline sqlite::Row make_row(RowId id, Revision main, SubRevision sub, RowKind kind, std::string record) {
  const std::uint64_t column = sub.value() * 2 + static_cast<std::uint64_t>(kind);
  return sqlite::Row{sqlite::Bucket::key, id.value(), to_signed(main), static_cast<std::int64_t>(column), std::move(record)};
}
// Requires: row.sub >= 0.
inline RowKind kind_of(const sqlite::RowView& row) { return (row.sub & 1) != 0 ? RowKind::tombstone : RowKind::put; }
inline SubRevision sub_of(const sqlite::RowView& row) { return SubRevision(static_cast<std::uint64_t>(row.sub) / 2); }

}  // namespace mvcc
