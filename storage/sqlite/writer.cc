#include "storage/sqlite/writer.h"

#include <string>
#include <utility>

#include "core/base/assert.h"
#include "storage/sqlite/page.h"
#include "storage/sqlite/schema.h"

namespace sqlite {

namespace {

// Batches are a few megabytes; what they touch should stay in memory until they commit.
constexpr std::uint64_t kWriterCacheBytes = 16U << 20U;

std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t as_unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// How many frames `-wal` has after a commit.
int on_commit(void* frames, sqlite3*, const char*, int count) {
  *static_cast<std::uint64_t*>(frames) = static_cast<std::uint64_t>(count);
  return SQLITE_OK;
}

}  // namespace

base::Status create_tables(Connection& connection, base::StoreGeneration generation) {
  std::string sql = "BEGIN;";
  for (int i = 0; i < kBucketCount; ++i) sql += create_table_sql(static_cast<Bucket>(i)) + ";";
  sql += create_meta_sql();
  sql += ";INSERT INTO \"meta\" VALUES(1," + std::to_string(generation.value()) + ",0,0,0,0,0,0);COMMIT";
  return connection.run(sql.c_str());
}

base::Status upgrade_tables(Connection& connection) {
  const base::Result<std::int64_t> version = connection.integer("PRAGMA user_version");
  if (!version) return base::fail(version.error());
  if (*version >= kFormatVersion) return {};
  // Version 1 had no bucket for compactions.
  const std::string sql = "BEGIN IMMEDIATE;" + create_table_sql(Bucket::compaction) +
                          ";PRAGMA user_version=" + std::to_string(kFormatVersion) + ";COMMIT";
  return connection.run(sql.c_str());
}

base::Result<Meta> read_meta(Statement& select) {
  const base::Result<bool> row = select.step();
  if (!row) return base::fail(row.error());
  if (!*row) return base::fail(base::Code::damaged, "the table meta is empty");
  const auto column = [&](int i) { return as_unsigned(select.integer(i)); };
  Meta meta;
  meta.generation = base::StoreGeneration(column(0));
  meta.applied = {base::Term(column(2)), base::LogIndex(column(1))};
  meta.rows = {column(3), column(4)};
  meta.state = {column(5), column(6)};
  select.reset();
  return meta;
}

base::Result<std::unique_ptr<Writer>> Writer::open(Store& store, std::uint64_t wal_bytes_max) {
  base::Result<Connection> connection = Connection::open(store, kDatabaseFile, Access::write, kWriterCacheBytes);
  if (!connection) return base::fail(connection.error());
  if (base::Status done = upgrade_tables(*connection); !done) return base::fail(done.error());
  std::unique_ptr<Writer> writer(new Writer(std::move(*connection)));
  if (base::Status done = writer->prepare(); !done) return base::fail(done.error());
  const std::string limit = "PRAGMA journal_size_limit=" + std::to_string(wal_bytes_max);
  if (base::Status done = writer->connection_.run(limit.c_str()); !done) return base::fail(done.error());
  const base::Result<Meta> meta = sqlite::read_meta(writer->meta_read_);
  if (!meta) return base::fail(meta.error());
  writer->meta_ = *meta;
  if (base::Status done = writer->read_sizes(); !done) return base::fail(done.error());
  return writer;
}

base::Status Writer::prepare() {
  sqlite3_wal_hook(connection_.handle(), on_commit, &sizes_.wal_frames);
  struct Wanted {
    Statement& statement;
    std::string sql;
  };
  std::vector<Wanted> all = {{begin_, "BEGIN IMMEDIATE"},
                             {commit_, "COMMIT"},
                             {meta_read_, meta_read_sql()},
                             {meta_write_, meta_write_sql()},
                             {page_count_, "PRAGMA page_count"},
                             {free_count_, "PRAGMA freelist_count"}};
  for (std::size_t i = 0; i < kBucketCount; ++i) {
    const auto bucket = static_cast<Bucket>(i);
    all.push_back({put_[i], put_sql(bucket)});
    all.push_back({erase_[i], erase_sql(bucket)});
    all.push_back({select_[i], select_sql(bucket)});
  }
  for (const Wanted& wanted : all) {
    base::Result<Statement> prepared = connection_.prepare(wanted.sql);
    if (!prepared) return base::fail(prepared.error());
    wanted.statement = std::move(*prepared);
  }
  return {};
}

base::Status Writer::read_sizes() {
  struct Wanted {
    Statement& statement;
    std::uint64_t& into;
  };
  for (const Wanted& wanted : {Wanted{page_count_, sizes_.pages}, Wanted{free_count_, sizes_.free_pages}}) {
    const base::Result<bool> row = wanted.statement.step();
    if (!row) return base::fail(row.error());
    ASSERT(*row);
    wanted.into = as_unsigned(wanted.statement.integer(0));
    wanted.statement.reset();
  }
  return {};
}

base::Result<base::Hash128> Writer::visit(RowVisitor& visitor) {
  base::Hash128 sum;
  for (int i = 0; i < kBucketCount; ++i) {
    const auto bucket = static_cast<Bucket>(i);
    base::Result<Statement> rows = connection_.prepare(select_all_sql(bucket));
    if (!rows) return base::fail(rows.error());
    for (;;) {
      const base::Result<bool> row = rows->step();
      if (!row) return base::fail(row.error());
      if (!*row) break;
      const RowView view = row_view(bucket, *rows);
      sum.add(hash(view));
      visitor.on_row(view);
    }
  }
  return sum;
}

std::uint64_t Writer::wal_bytes() const { return sizes_.wal_frames * kWalFrameBytes; }

base::Status Writer::commit(base::Status done) {
  if (done) done = commit_.run();
  if (!done) roll_back();
  return done;
}

base::Status Writer::write(const Batch& batch) {
  if (base::Status begun = begin_.run(); !begun) return begun;
  Meta next = meta_;
  base::Status done = write_rows(batch, next);
  if (done) done = write_meta(next);
  done = commit(std::move(done));
  if (!done) return done;
  meta_ = next;
  return read_sizes();
}

base::Status Writer::write_rows(const Batch& batch, Meta& meta) {
  for (const Change& change : batch.changes) {
    const auto bucket = static_cast<std::size_t>(change.row.bucket);
    base::Status done;
    switch (change.kind) {
      case ChangeKind::put: done = bind_row(put_[bucket], change.row.view()).run(); break;
      case ChangeKind::erase: done = erase_[bucket].bind(1, as_signed(change.row.id)).run(); break;
      case ChangeKind::discard: done = discard(change.row.bucket, change.row.id, meta.rows); break;
    }
    if (!done) return done;
  }
  meta.rows.add(batch.rows_delta);
  meta.applied = batch.applied;
  meta.state = batch.state;
  return {};
}

base::Status Writer::discard(Bucket bucket, std::uint64_t id, base::Hash128& rows) {
  Statement& select = select_[static_cast<std::size_t>(bucket)];
  const base::Result<bool> row = select.bind(1, as_signed(id)).step();
  if (!row) return base::fail(row.error());
  if (!*row) return {};
  rows.remove(hash(row_view(bucket, select)));
  select.reset();
  return erase_[static_cast<std::size_t>(bucket)].bind(1, as_signed(id)).run();
}

base::Status Writer::write_meta(const Meta& meta) {
  return meta_write_.bind(1, as_signed(meta.applied.index.value()))
      .bind(2, as_signed(meta.applied.term.value()))
      .bind(3, as_signed(meta.rows.high))
      .bind(4, as_signed(meta.rows.low))
      .bind(5, as_signed(meta.state.high))
      .bind(6, as_signed(meta.state.low))
      .run();
}

// SQLite may have rolled back by itself, and a failing rollback leaves nothing to do: the caller knows that
// the batch is not there.
void Writer::roll_back() {
  if (!connection_.is_in_transaction()) return;
  const base::Status ignored = connection_.run("ROLLBACK");
  static_cast<void>(ignored);
}

base::Status Writer::vacuum(std::uint64_t pages_max) {
  const std::string sql = "PRAGMA incremental_vacuum(" + std::to_string(pages_max) + ")";
  if (base::Status done = connection_.run(sql.c_str()); !done) {
    roll_back();
    return done;
  }
  return read_sizes();
}

base::Result<bool> Writer::checkpoint() {
  int frames = -1;
  int copied = -1;
  const int result =
      sqlite3_wal_checkpoint_v2(connection_.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
  if (result != SQLITE_OK) return base::fail(error_of(connection_.handle(), result));
  // A passive checkpoint that a reader kept from copying everything is no error, and covers nothing.
  const bool is_complete = frames == copied && frames >= 0;
  if (is_complete) sizes_.wal_frames = 0;
  return is_complete;
}

base::Status Writer::sync_wal() {
  sqlite3_file* wal = nullptr;
  const int found = sqlite3_file_control(connection_.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&wal));
  ASSERT(found == SQLITE_OK);
  ASSERT(wal != nullptr && wal->pMethods != nullptr);  // in WAL mode it is open with its connection
  const int result = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  return result == SQLITE_OK ? base::Status() : base::fail(error_of(connection_.handle(), result));
}

// Filling.

base::Status Writer::begin_filling() { return connection_.run("PRAGMA synchronous=OFF"); }

base::Status Writer::fill(std::span<const RowView> rows) {
  if (rows.empty()) return {};
  if (base::Status begun = begin_.run(); !begun) return begun;
  base::Status done;
  for (const RowView& row : rows) {
    done = bind_row(put_[static_cast<std::size_t>(row.bucket)], row).run();
    if (!done) break;
  }
  return commit(std::move(done));
}

base::Status Writer::finish_filling(const Meta& meta) {
  ASSERT(meta.generation == meta_.generation);
  if (base::Status begun = begin_.run(); !begun) return begun;
  if (base::Status done = commit(write_meta(meta)); !done) return done;
  meta_ = meta;
  return {};
}

}  // namespace sqlite
