// The store's files as each version left them (docs/formats/store.md). SQLite writes its own version into page 1, and another one may lay out
// pages otherwise: byte for byte they are compared only where it is the same; what we read of them always is.
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "property_tests/formats/disk.h"
#include "property_tests/formats/golden.h"
#include "storage/sqlite/backend.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/vfs.h"
#include "storage/sqlite/writer.h"

namespace formats {

namespace {

constexpr std::string_view kDirectory = "store-3";
constexpr base::StoreGeneration kGeneration{3};
constexpr std::size_t kSqliteVersionAt = 96;  // of page 1, by SQLite's own format

sqlite::Row row(sqlite::Bucket bucket, std::uint64_t id, std::string value) {
  const bool is_key = bucket == sqlite::Bucket::key;
  return {bucket, id, is_key ? static_cast<std::int64_t>(id + 1) : 0, is_key ? 2 : 0, std::move(value)};
}

// Of the entry at index 5, and what stands in `db-wal` alone: that of the one at index 6.
std::vector<sqlite::Row> rows_in_db(bool has_compaction) {
  std::vector<sqlite::Row> out = {row(sqlite::Bucket::key, 1, "a record"), row(sqlite::Bucket::key, 2, std::string(10000, 'v')),
                                  row(sqlite::Bucket::members, 1, "a member")};
  if (has_compaction) out.push_back(row(sqlite::Bucket::compaction, 1, std::string("\2\0\0\0\0\0\0\0", 8)));
  return out;
}
sqlite::Row row_in_wal() { return row(sqlite::Bucket::key, 3, "later"); }

sqlite::Batch batch_of(const std::vector<sqlite::Row>& rows, base::EntryId applied) {
  sqlite::Batch batch;
  for (const sqlite::Row& one : rows) {
    batch.changes.push_back({sqlite::ChangeKind::put, one});
    batch.rows_delta.add(sqlite::hash(one));
  }
  batch.applied = applied;
  batch.state = {static_cast<std::uint64_t>(rows.size()), 17};
  return batch;
}

struct Files {
  std::string db;
  std::string wal;
};

// `version` 1: without the table that came with 2, as it was then.
Files written_today(int version) {
  io::sim::Simulation sim(1);
  io::Disk& disk = sim.add_node("m1").world().disk;
  FixedRandom random;
  sqlite::Store store(disk, random, std::string(kDirectory), kGeneration);
  {
    const sqlite::Call call(store, "test", 0);
    base::Marks marks;
    REQUIRE(sqlite::prepare_directory(store, true, marks));
    if (version == 1) {
      base::Result<sqlite::Connection> connection = sqlite::Connection::open(store, sqlite::kDatabaseFile, sqlite::Access::write, 1U << 20U);
      REQUIRE(connection);
      REQUIRE(connection->run("DROP TABLE \"compaction\";PRAGMA user_version=1"));
      Files out;
      // The one transaction that a store of version 1 has to have seen.
      REQUIRE(connection->run("INSERT INTO \"key\" VALUES(1,2,2,CAST('a record' AS BLOB))"));
      const base::Hash128 sum = sqlite::hash(rows_in_db(false)[0]);
      const std::string meta = "UPDATE \"meta\" SET applied_index=5, applied_term=2, rows_high=" + std::to_string(static_cast<std::int64_t>(sum.high)) +
                               ", rows_low=" + std::to_string(static_cast<std::int64_t>(sum.low)) + ", state_high=1, state_low=17";
      REQUIRE(connection->run(meta.c_str()));
      REQUIRE(connection->run("PRAGMA wal_checkpoint"));
      out.db = read_file(disk, std::string(kDirectory) + "/db");
      return out;
    }
    std::unique_ptr<sqlite::Writer> writer = sqlite::Writer::open(store, 64U << 20U).value();
    REQUIRE(writer->write(batch_of(rows_in_db(true), {base::Term(2), base::LogIndex(5)})));
    REQUIRE(writer->checkpoint().value());
    REQUIRE(writer->write(batch_of({row_in_wal()}, {base::Term(2), base::LogIndex(6)})));
    return {read_file(disk, std::string(kDirectory) + "/db"), read_file(disk, std::string(kDirectory) + "/db-wal")};
  }
}

struct Rows final : sqlite::RowVisitor {
  void on_row(const sqlite::RowView& view) override { rows.push_back({view.bucket, view.id, view.main, view.sub, std::string(view.value)}); }
  std::vector<sqlite::Row> rows;
};
class Listener final : public sqlite::BackendListener {
 public:
  void on_durable(const base::StoreMark&) override {}
  void on_room() override {}
  void on_failed(const base::Error&) override { CHECK(false); }
};

// What a member finds that starts on these files.
void check_opens(const Files& files, const std::vector<sqlite::Row>& expected, base::LogIndex applied) {
  io::sim::Simulation sim(2);
  io::sim::Node& node = sim.add_node("m1");
  io::Disk& disk = node.world().disk;
  REQUIRE(disk.create_directory(kDirectory));
  REQUIRE(write_file(disk, std::string(kDirectory) + "/db", files.db));
  if (!files.wal.empty()) REQUIRE(write_file(disk, std::string(kDirectory) + "/db-wal", files.wal));
  sqlite::BackendOptions options;
  options.directory_prefix = "store-";
  Listener listener;
  Rows rows;
  Done opened;
  auto backend = std::make_unique<sqlite::Backend>(node.world(), options);
  backend->open({kGeneration, base::LogIndex(5)}, base::LogIndex(6), rows, listener, opened);
  REQUIRE(sim.run_until([&] { return opened.status.has_value(); }, std::chrono::seconds(60)));
  REQUIRE_MESSAGE(opened.status->has_value(), opened.status->error().detail);
  CHECK_EQ(backend->applied(), applied);
  CHECK_EQ(backend->applied_term(), base::Term(2));
  CHECK(backend->state().low == 17);
  REQUIRE_EQ(rows.rows.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(rows.rows[i].bucket == expected[i].bucket);
    CHECK_EQ(rows.rows[i].id, expected[i].id);
    CHECK_EQ(rows.rows[i].main, expected[i].main);
    CHECK_EQ(rows.rows[i].sub, expected[i].sub);
    CHECK_EQ(rows.rows[i].value, expected[i].value);
  }
  Done closed;
  backend->close(closed);
  REQUIRE(sim.run_until([&] { return closed.status.has_value(); }, std::chrono::seconds(60)));
}

void check_as_written(const std::string& name, const std::string& bytes) {
  if (settings().records) check_golden(name, bytes);
  const std::string golden = read_golden(name);
  REQUIRE(golden.size() > kSqliteVersionAt + 4);
  REQUIRE_EQ(golden.size() % 8192, 0);
  const bool is_same_sqlite = golden.compare(kSqliteVersionAt, 4, bytes, kSqliteVersionAt, 4) == 0;
  if (is_same_sqlite) return check_golden(name, bytes);
  MESSAGE(name, " was written with another version of SQLite, and is not compared byte for byte");
}

}  // namespace

TEST_CASE("a store is that of version 2") {
  const Files files = written_today(2);
  check_as_written("store-v2.db", files.db);
  if (read_golden("store-v2.db") == files.db) check_golden("store-v2.db-wal", files.wal);
}

TEST_CASE("a store of version 2 opens with what was in it") {
  std::vector<sqlite::Row> expected = rows_in_db(true);
  expected.insert(expected.begin() + 2, row_in_wal());
  check_opens({read_golden("store-v2.db"), read_golden("store-v2.db-wal")}, expected, base::LogIndex(6));
  check_opens({read_golden("store-v2.db"), {}}, rows_in_db(true), base::LogIndex(5));
}

TEST_CASE("a store of version 1 opens with what was in it, as one of version 2") {
  check_as_written("store-v1.db", written_today(1).db);
  check_opens({read_golden("store-v1.db"), {}}, {rows_in_db(false)[0]}, base::LogIndex(5));
}

}  // namespace formats
