#include "storage/sqlite/reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "storage/sqlite/schema.h"

namespace sqlite {

namespace {
constexpr std::size_t kBlockBytes = 64U << 10U;
}  // namespace

std::string_view TurnBytes::keep(std::string_view bytes) {
  if (blocks_.empty() || blocks_.back().size - used_ < bytes.size()) {
    const std::size_t size = std::max(kBlockBytes, bytes.size());
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    used_ = 0;
  }
  if (bytes.empty()) return {};
  char* at = blocks_.back().bytes.get() + used_;
  std::memcpy(at, bytes.data(), bytes.size());
  used_ += bytes.size();
  return {at, bytes.size()};
}

void TurnBytes::clear() {
  // One block of the usual size stays for the next turn.
  if (blocks_.size() > 1 || (!blocks_.empty() && blocks_.front().size > kBlockBytes)) blocks_.clear();
  used_ = 0;
}

base::Result<std::unique_ptr<Reader>> Reader::open(Store& store, std::uint64_t cache_bytes) {
  base::Result<Connection> connection = Connection::open(store, kDatabaseFile, Access::read, cache_bytes);
  if (!connection) return base::fail(connection.error());
  std::unique_ptr<Reader> reader(new Reader(std::move(*connection)));
  struct Wanted {
    Statement& statement;
    std::string sql;
  };
  std::vector<Wanted> all = {{reader->begin_, "BEGIN"}, {reader->commit_, "COMMIT"}};
  for (std::size_t i = 0; i < kBucketCount; ++i) {
    const auto bucket = static_cast<Bucket>(i);
    all.push_back({reader->select_[i], select_sql(bucket)});
    all.push_back({reader->select_at_or_after_[i], select_at_or_after_sql(bucket)});
  }
  for (const Wanted& wanted : all) {
    base::Result<Statement> prepared = reader->connection_.prepare(wanted.sql);
    if (!prepared) return base::fail(prepared.error());
    wanted.statement = std::move(*prepared);
  }
  return reader;
}

base::Result<std::optional<RowView>> Reader::read(Bucket bucket, std::uint64_t id) {
  return run(bucket, select_[static_cast<std::size_t>(bucket)], id);
}

base::Result<std::optional<RowView>> Reader::read_at_or_after(Bucket bucket, std::uint64_t from) {
  return run(bucket, select_at_or_after_[static_cast<std::size_t>(bucket)], from);
}

base::Result<std::optional<RowView>> Reader::run(Bucket bucket, Statement& select, std::uint64_t id) {
  if (id >> 63U != 0) return std::optional<RowView>();  // no row has such an id, and SQLite would see it negative
  if (!in_transaction_) {
    if (base::Status begun = begin_.run(); !begun) return base::fail(begun.error());
    in_transaction_ = true;
  }
  const base::Result<bool> found = select.bind(1, static_cast<std::int64_t>(id)).step();
  if (!found) return base::fail(found.error());
  if (!*found) return std::optional<RowView>();
  RowView row = row_view(bucket, select);
  row.value = turn_bytes_.keep(row.value);
  select.reset();
  return std::optional<RowView>(row);
}

void Reader::end_transaction() {
  if (!std::exchange(in_transaction_, false)) return;
  // Ending a transaction that wrote nothing cannot fail, unless SQLite ended it by itself after an error.
  if (!connection_.is_in_transaction()) return;
  const base::Status ended = commit_.run();
  ASSERT(ended.has_value());
}

void Reader::end_turn() {
  end_transaction();
  turn_bytes_.clear();
}

}  // namespace sqlite
