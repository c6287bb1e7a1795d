#include "storage/sqlite/snapshot_reader.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/vfs.h"
#include "storage/sqlite/writer.h"

namespace sqlite {

namespace {
constexpr std::uint64_t kCacheBytes = 1U << 20U;  // every page is read once
}  // namespace

base::Result<std::unique_ptr<SnapshotReader>> SnapshotReader::open(Store& store) {
  const Call call(store);
  base::Result<Connection> connection = Connection::open(store, kDatabaseFile, Access::read, kCacheBytes);
  if (!connection) return base::fail(connection.error());
  std::unique_ptr<SnapshotReader> reader(new SnapshotReader(store, std::move(*connection)));
  if (base::Status begun = reader->begin(); !begun) return base::fail(begun.error());
  return reader;
}

base::Status SnapshotReader::begin() {
  if (base::Status begun = connection_.run("BEGIN"); !begun) return begun;
  base::Result<Statement> select = connection_.prepare(meta_read_sql());
  if (!select) return base::fail(select.error());
  const base::Result<Meta> meta = read_meta(*select);  // the transaction begins with this
  if (!meta) return base::fail(meta.error());
  header_ = {meta->applied, meta->rows, meta->state};
  append_header(bytes_, header_);
  return {};
}

base::Result<bool> SnapshotReader::read(std::size_t bytes, std::string& piece) {
  ASSERT(bytes > 0);
  ASSERT(!is_encoded_ || used_ < bytes_.size());
  const Call call(store_);
  // Seldom enough that a large row is not moved for every piece of it.
  if (used_ > bytes_.size() / 2) {
    bytes_.erase(0, used_);
    used_ = 0;
  }
  while (bytes_.size() - used_ < bytes && !is_encoded_) {
    if (base::Status encoded = encode_next(); !encoded) return base::fail(encoded.error());
  }
  const std::size_t count = std::min(bytes, bytes_.size() - used_);
  piece.append(bytes_, used_, count);
  used_ += count;
  return !is_encoded_ || used_ < bytes_.size();
}

// The next row, or the end.
base::Status SnapshotReader::encode_next() {
  for (; bucket_ < kBucketCount; ++bucket_) {
    const auto bucket = static_cast<Bucket>(bucket_);
    if (!rows_) {
      base::Result<Statement> rows = connection_.prepare(select_all_sql(bucket));
      if (!rows) return base::fail(rows.error());
      rows_ = std::move(*rows);
    }
    const base::Result<bool> found = rows_->step();
    if (!found) return base::fail(found.error());
    if (*found) {
      append_row(bytes_, row_view(bucket, *rows_));
      ++row_count_;
      return {};
    }
    rows_.reset();
  }
  append_end(bytes_, row_count_);
  is_encoded_ = true;
  return {};
}

}  // namespace sqlite
