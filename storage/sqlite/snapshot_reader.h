// storage/sqlite/snapshot_reader.h: a store as it stood at one instant, read bit by bit on a connection of its own.
//
// One read transaction, so that all buckets and `meta` agree. While it lasts no checkpoint is complete, and `-wal` grows.
// Used by the loop alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/snapshot_format.h"

namespace sqlite {

class SnapshotReader {
 public:
  static base::Result<std::unique_ptr<SnapshotReader>> open(Store& store);
  SnapshotReader(const SnapshotReader&) = delete;
  SnapshotReader& operator=(const SnapshotReader&) = delete;

  const SnapshotHeader& header() const { return header_; }
  // Appends the next `bytes` bytes, or fewer when they are the last. False: they are. Requires: it has returned true so far.
  base::Result<bool> read(std::size_t bytes, std::string& piece);

 private:
  SnapshotReader(Store& store, Connection connection) : store_(store), connection_(std::move(connection)) {}
  base::Status begin();
  base::Status encode_next();

  Store& store_;
  // Declared before its statement, which must go first.
  Connection connection_;
  std::optional<Statement> rows_;  // of bucket_, at its current row
  int bucket_ = 0;
  std::uint64_t row_count_ = 0;
  bool is_encoded_ = false;  // to the end
  SnapshotHeader header_;
  std::string bytes_;     // encoded, and not read from used_ on
  std::size_t used_ = 0;
};

}  // namespace sqlite
