// storage/mvcc/hash.h: the number by which members, and etcd's own tools, compare what stores hold (HashKV).
//
// CRC-32C over the name of the bucket, then over key and record of each row that compaction would leave, in the
// order of revisions, up to a revision (behaviour reference §8.2; etcd server/storage/mvcc/hash.go). It depends on
// the log alone: rows that are superfluous and not yet discarded are left out.
//
// The scan takes many turns. A compaction meanwhile takes rows away from under it, so it begins again then, each time with
// larger slices (overtaken.h).
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/crc32c.h"
#include "core/base/result.h"
#include "storage/mvcc/store.h"
#include "storage/sqlite/backend.h"

namespace mvcc {

struct KvHash {
  std::uint32_t hash = 0;
  std::optional<Revision> compacted;  // when it was computed
  std::int64_t revision = 0;          // up to and with this one
};

// What one slice of a scan may cost; it ends with the first of these. The last row may exceed it.
struct HashBudget {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

class HashScan {
 public:
  // `requested` is the client's number: 0 is the newest revision, whenever the scan begins. No row is as old as a negative one.
  HashScan(const Store& store, sqlite::Backend& backend, std::int64_t requested);

  // Between entries; an error: the revision cannot be read, or not any more.
  tl::expected<void, RevisionError> prepare_slice();
  // After prepare_slice(). True: that was the last one. An error is the disk's, and final.
  base::Result<bool> run_slice(const HashBudget& budget);

  // Requires: run_slice() returned true.
  KvHash result() const;

 private:
  base::Status add(const sqlite::RowView& row);

  const Store& store_;
  sqlite::Backend& backend_;
  const std::int64_t requested_;
  unsigned begun_count_ = 0;  // once, and once more for each compaction that overtook it
  std::optional<Revision> compacted_;  // when it began
  Revision revision_;
  std::uint64_t next_row_ = 0;
  base::Crc32c crc_;
  // etcd leaves nothing out when compaction at `revision_` would keep nothing at all, which shows only at the end.
  bool keeps_something_ = false;
  base::Crc32c crc_if_nothing_is_kept_;
};

}  // namespace mvcc
