// storage/sqlite/writer.h: the connection of the store worker. Used by jobs only, one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "storage/sqlite/backend.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/tail.h"

namespace sqlite {

// The one row of `meta` (docs/formats/store.md).
struct Meta {
  base::StoreGeneration generation;
  base::EntryId applied;
  base::Hash128 rows;   // sum of hash() over all rows that are there
  base::Hash128 state;  // Backend::state()
};

// How large the store's files are.
struct Sizes {
  std::uint64_t pages = 0;
  std::uint64_t free_pages = 0;
  std::uint64_t wal_frames = 0;  // in use, and not known to be in the database file
};

// The tables of a new store, and the row in `meta`.
base::Status create_tables(Connection& connection, base::StoreGeneration generation);
// Brings a store of an older format version up to date, in one transaction; a crash before it is durable leaves
// the older one, which is whole.
base::Status upgrade_tables(Connection& connection);

// Steps a select made by meta_read_sql().
base::Result<Meta> read_meta(Statement& select);

class Writer {
 public:
  // `-wal` shrinks to `wal_bytes_max` when it begins anew; while it lasts it may be larger.
  static base::Result<std::unique_ptr<Writer>> open(Store& store, std::uint64_t wal_bytes_max);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  const Meta& meta() const { return meta_; }  // as committed
  const Sizes& sizes() const { return sizes_; }
  std::uint64_t wal_bytes() const;

  // Shows every row to `visitor`, by bucket and id, and returns the sum of their hashes.
  base::Result<base::Hash128> visit(RowVisitor& visitor);

  // One transaction, all or nothing.
  base::Status write(const Batch& batch);
  // Gives up to `pages_max` free pages back to the disk.
  base::Status vacuum(std::uint64_t pages_max);
  // Copies `-wal` into the database file. True: all of it is there and synced, so meta().applied is durable.
  base::Result<bool> checkpoint();
  // What a reader keeps from being copied is made durable where it is, and meta().applied with it.
  base::Status sync_wal();

  // Instead of write(), for a store that is made of another one's rows: nothing is synced, and until finish_filling() it stands below
  // any mark. Rows come in order, one transaction for each call.
  base::Status begin_filling();
  base::Status fill(std::span<const RowView> rows);
  base::Status finish_filling(const Meta& meta);

 private:
  explicit Writer(Connection connection) : connection_(std::move(connection)) {}
  base::Status prepare();
  base::Status read_sizes();
  base::Status commit(base::Status done);  // rolls back when it is an error
  base::Status write_rows(const Batch& batch, Meta& meta);
  base::Status discard(Bucket bucket, std::uint64_t id, base::Hash128& rows);
  base::Status write_meta(const Meta& meta);
  void roll_back();

  // Declared before its statements, which must go first.
  Connection connection_;
  Statement begin_, commit_, meta_read_, meta_write_, page_count_, free_count_;
  std::array<Statement, kBucketCount> put_, erase_, select_;
  Meta meta_;
  Sizes sizes_;
};

}  // namespace sqlite
