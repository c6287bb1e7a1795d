// storage/mvcc/loader.h: builds the key index from the rows at start.
//
// Rows come in order of their id, which is the order of change. They are collected, sorted by key, and
// appended to the index: three times faster than inserting each where it belongs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "storage/mvcc/key_index.h"
#include "storage/sqlite/backend.h"

namespace mvcc {

struct Loaded {
  KeyIndex index;
  Revision current = kEmptyStoreRevision;
  RowId last_row;  // 0 in an empty store
  std::optional<Revision> compacted;  // <= current; nullopt: never
};

// Used by the job that opens the store; take() then belongs to the loop.
class Loader {
 public:
  // Requires: row.bucket is `key` or `compaction`. What is wrong with a row is remembered and told by take().
  void on_row(const sqlite::RowView& row);

  // Once, after the last row. `damaged` when the rows are no history: ids or revisions that go back, a record
  // that contradicts its row, a compacted revision in the future. (A tombstone may be the first row of its key: compaction keeps such ones.)
  base::Result<Loaded> take();

 private:
  struct Item {
    std::size_t key_offset;  // into keys_
    std::size_t key_size;
    KeyVersion version;
  };
  void on_key_row(const sqlite::RowView& row);
  std::string_view key_of(const Item& item) const;
  void refuse(const sqlite::RowView& row, std::string_view what);

  std::string keys_;  // one after the other, so that a key costs no allocation
  std::vector<Item> items_;
  Revision current_ = kEmptyStoreRevision;
  SubRevision last_sub_;
  RowId last_row_;
  std::optional<Revision> compacted_;
  base::Status status_;
};

}  // namespace mvcc
