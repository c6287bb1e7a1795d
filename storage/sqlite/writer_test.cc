#include "storage/sqlite/writer.h"

#include <doctest/doctest.h>

#include <string>

#include "io/sim/simulation.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/page.h"
#include "storage/sqlite/reader.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/vfs.h"

namespace sqlite {

namespace {

struct WriterFixture {
  WriterFixture() {
    base::Marks marks;
    REQUIRE(prepare_directory(store, true, marks));
    writer = Writer::open(store, 64U << 20U).value();
    reader = Reader::open(store, 1U << 20U).value();
  }
  base::Status write(std::uint64_t id) {
    Batch batch;
    const Row row{Bucket::key, id, 1, 0, std::string(20'000, 'x')};
    batch.rows_delta = hash(row);
    batch.changes.push_back({ChangeKind::put, row});
    batch.applied = {base::Term(1), base::LogIndex(id)};
    return writer->write(batch);
  }

  io::sim::Simulation sim{1};
  io::sim::Node& node = sim.add_node("m1");
  Store store{node.world().disk, node.world().random, "store-1", base::StoreGeneration(1)};
  const Call call{store, "test", 0};
  std::unique_ptr<Writer> writer;
  std::unique_ptr<Reader> reader;
};

}  // namespace

TEST_CASE("a checkpoint that a reader kept from copying everything covers nothing") {
  WriterFixture f;
  REQUIRE(f.write(1));
  REQUIRE(f.reader->read(Bucket::key, 1).value().has_value());  // a read transaction, now open
  REQUIRE(f.write(2));
  CHECK_FALSE(f.writer->checkpoint().value());
  CHECK_FALSE(f.reader->read(Bucket::key, 2).value().has_value());  // still in the old one
  f.reader->end_turn();
  CHECK(f.writer->checkpoint().value());
  CHECK_EQ(f.writer->sizes().wal_frames, 0);
  CHECK(f.reader->read(Bucket::key, 2).value().has_value());
  f.reader->end_turn();
}

TEST_CASE("a store of format version 1 is brought up to date, and keeps its rows") {
  WriterFixture f;
  REQUIRE(f.write(1));
  f.reader.reset();
  f.writer.reset();
  {
    base::Result<Connection> connection = Connection::open(f.store, kDatabaseFile, Access::write, 1U << 20U);
    REQUIRE(connection.has_value());
    REQUIRE(connection->run("DROP TABLE \"compaction\";PRAGMA user_version=1"));
  }
  for (int i = 0; i < 2; ++i) {  // the second time there is nothing left to do
    f.writer = Writer::open(f.store, 64U << 20U).value();
    f.reader = Reader::open(f.store, 1U << 20U).value();
    CHECK(f.reader->read(Bucket::key, 1).value().has_value());
    CHECK_FALSE(f.reader->read(Bucket::compaction, 1).value().has_value());
    CHECK(f.writer->meta().applied.index == base::LogIndex(1));
    f.reader.reset();
    f.writer.reset();
  }
  base::Result<Connection> connection = Connection::open(f.store, kDatabaseFile, Access::write, 1U << 20U);
  REQUIRE(connection.has_value());
  CHECK_EQ(connection->integer("PRAGMA user_version").value(), kFormatVersion);
}

TEST_CASE("a batch that fails leaves nothing behind") {
  WriterFixture f;
  REQUIRE(f.write(1));
  const Meta before = f.writer->meta();
  f.node.disk_faults().is_full = true;
  const base::Status full = f.write(2);
  REQUIRE_FALSE(full.has_value());
  CHECK_EQ(full.error().code, base::Code::no_space);
  CHECK(f.writer->meta().rows == before.rows);
  CHECK(f.writer->meta().applied == before.applied);
  f.node.disk_faults().is_full = false;
  REQUIRE(f.write(2));
  CHECK(f.reader->read(Bucket::key, 2).value().has_value());
  f.reader->end_turn();
}

TEST_CASE("a failed sync fails every later call on the store, whoever makes it") {
  WriterFixture f;
  REQUIRE(f.write(1));
  f.node.disk_faults().sync_error_per_million = 1'000'000;
  REQUIRE_FALSE(f.writer->checkpoint().has_value());
  f.node.disk_faults().sync_error_per_million = 0;
  CHECK_FALSE(f.writer->checkpoint().has_value());
  CHECK_FALSE(f.write(2).has_value());
  CHECK_FALSE(f.reader->read(Bucket::key, 1).has_value());
  f.reader->end_turn();
}

TEST_CASE("discarding a row takes its hash out of the sum, wherever the row is") {
  WriterFixture f;
  REQUIRE(f.write(1));
  const base::Hash128 one = f.writer->meta().rows;
  REQUIRE(f.write(2));
  Batch batch;
  batch.changes.push_back({ChangeKind::discard, Row{Bucket::key, 2, 0, 0, {}}});
  batch.changes.push_back({ChangeKind::discard, Row{Bucket::key, 77, 0, 0, {}}});  // not there
  batch.applied = f.writer->meta().applied;
  REQUIRE(f.writer->write(batch));
  CHECK(f.writer->meta().rows == one);
}

}  // namespace sqlite
