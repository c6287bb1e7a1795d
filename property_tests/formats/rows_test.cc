// Rows of the bucket `key`, the row that says what was compacted, and a whole store on its way to another member.
#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "property_tests/formats/golden.h"
#include "storage/mvcc/compacted_row.h"
#include "storage/mvcc/record.h"
#include "storage/mvcc/rows.h"
#include "storage/sqlite/snapshot_format.h"

namespace formats {

namespace {

constexpr std::string_view kRows = "key-rows-v1.txt";
constexpr std::string_view kSnapshot = "snapshot-v1.txt";

const mvcc::Record kPut{"a", 2, 5, 3, "hello", 0};
const mvcc::Record kLeased{std::string_view("\0k\xff", 3), 300, 70000, 1, "", 0x7fffffffffffffff};

std::vector<sqlite::Row> rows() {
  const auto revision = [](std::uint64_t value) { return mvcc::Revision(value); };
  return {mvcc::make_row(mvcc::RowId(1), revision(2), mvcc::SubRevision(0), mvcc::RowKind::put, mvcc::encode({"a", 2, 2, 1, "x", 0})),
          mvcc::make_row(mvcc::RowId(3), revision(5), mvcc::SubRevision(1), mvcc::RowKind::tombstone, mvcc::encode({.key = "a"})),
          sqlite::Row{sqlite::Bucket::members, 1, 0, 0, "member"},
          mvcc::make_compacted_row(revision(4))};
}

sqlite::SnapshotHeader header() {
  sqlite::SnapshotHeader out;
  out.applied = {base::Term(7), base::LogIndex(40)};
  for (const sqlite::Row& row : rows()) out.rows.add(sqlite::hash(row));
  out.state = {0x1111111111111111, 0x2222222222222222};
  return out;
}

std::string snapshot() {
  std::string out;
  sqlite::append_header(out, header());
  const std::vector<sqlite::Row> all = rows();
  for (const sqlite::Row& row : all) sqlite::append_row(out, row.view());
  sqlite::append_end(out, all.size());
  return out;
}

}  // namespace

TEST_CASE("rows of keys are those of version 1") {  // docs/formats/key-rows.md
  Pieces pieces("docs/formats/key-rows.md, version 1: records, and what HashKV and the sums of a store make of rows");
  pieces.add("put", mvcc::encode(kPut));
  pieces.add("leased", mvcc::encode(kLeased));
  pieces.add("tombstone", mvcc::encode({.key = "a"}));
  for (const sqlite::Row& row : rows()) {
    const std::string name = std::to_string(static_cast<int>(row.bucket)) + "/" + std::to_string(row.id);
    pieces.add("columns " + name, std::to_string(row.main) + " " + std::to_string(row.sub));
    pieces.add("hash " + name, base::to_text(sqlite::hash(row)));
  }
  check_golden(std::string(kRows), pieces.text());

  auto golden = Pieces::read(read_golden(std::string(kRows)));
  // As the page shows it.
  CHECK_EQ(golden["put"], std::string("\x0a\x01\x61\x10\x02\x18\x05\x20\x03\x2a\x05hello", 16));
  CHECK_EQ(golden["tombstone"], "\x0a\x01\x61");
  const base::Result<mvcc::Record> put = mvcc::decode(golden["put"]);
  REQUIRE(put);
  CHECK_EQ(put->key, "a");
  CHECK_EQ(put->create_revision, 2);
  CHECK_EQ(put->mod_revision, 5);
  CHECK_EQ(put->version, 3);
  CHECK_EQ(put->value, "hello");
  const base::Result<mvcc::Record> leased = mvcc::decode(golden["leased"]);
  REQUIRE(leased);
  CHECK_EQ(leased->key, kLeased.key);
  CHECK_EQ(leased->lease, kLeased.lease);
  CHECK_EQ(mvcc::decode(golden["tombstone"])->mod_revision, 0);
}

TEST_CASE("a snapshot of version 1 has the rows that it had") {  // docs/formats/snapshot.md
  Pieces pieces("docs/formats/snapshot.md, version 1");
  pieces.add("snapshot", snapshot());
  check_golden(std::string(kSnapshot), pieces.text());

  sqlite::SnapshotParser parser;
  parser.feed(Pieces::read(read_golden(std::string(kSnapshot)))["snapshot"]);
  for (const sqlite::Row& row : rows()) {
    const auto read = parser.next();
    REQUIRE(read);
    REQUIRE(read->has_value());
    CHECK((*read)->bucket == row.bucket);
    CHECK_EQ((*read)->id, row.id);
    CHECK_EQ((*read)->main, row.main);
    CHECK_EQ((*read)->sub, row.sub);
    CHECK_EQ((*read)->value, row.value);
  }
  const auto nothing = parser.next();
  REQUIRE(nothing);
  CHECK_FALSE(nothing->has_value());
  CHECK(parser.has_ended());
  CHECK(parser.header()->applied == header().applied);
  CHECK(parser.header()->rows == header().rows);
  CHECK(parser.header()->state == header().state);
}

TEST_CASE("a snapshot of a later version is refused, and called so") {
  std::string later = Pieces::read(read_golden(std::string(kSnapshot)))["snapshot"];
  later[4] = 2;
  sqlite::SnapshotParser parser;
  parser.feed(later);
  const auto refused = parser.next();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::invalid);
}

}  // namespace formats
