#include "storage/mvcc/loader.h"

#include <doctest/doctest.h>

#include "storage/mvcc/compacted_row.h"
#include "storage/mvcc/record.h"
#include "storage/mvcc/rows.h"

namespace mvcc {
namespace {

sqlite::Row put_row(std::uint64_t id, std::uint64_t main, std::uint64_t sub, std::string_view key, std::int64_t create,
                    std::int64_t version) {
  const Record record{.key = key, .create_revision = create, .mod_revision = static_cast<std::int64_t>(main), .version = version};
  return make_row(RowId(id), Revision(main), SubRevision(sub), RowKind::put, encode(record));
}
sqlite::Row tombstone_row(std::uint64_t id, std::uint64_t main, std::uint64_t sub, std::string_view key) {
  return make_row(RowId(id), Revision(main), SubRevision(sub), RowKind::tombstone, encode({.key = key}));
}

TEST_CASE("no rows are the empty store") {
  Loader loader;
  const base::Result<Loaded> loaded = loader.take();
  REQUIRE(loaded.has_value());
  CHECK(loaded->current == Revision(1));
  CHECK(loaded->last_row == RowId(0));
  CHECK_EQ(loaded->index.key_count(), 0);
}

TEST_CASE("rows give back the history that wrote them") {
  Loader loader;
  loader.on_row(put_row(1, 2, 0, "b", 2, 1).view());
  loader.on_row(put_row(2, 3, 0, "a", 3, 1).view());
  loader.on_row(put_row(3, 3, 1, "c", 3, 1).view());
  loader.on_row(tombstone_row(4, 4, 0, "a").view());
  loader.on_row(put_row(6, 5, 0, "b", 2, 2).view());  // ids may have gaps once compaction took rows away
  const base::Result<Loaded> loaded = loader.take();
  REQUIRE(loaded.has_value());
  CHECK(loaded->current == Revision(5));
  CHECK(loaded->last_row == RowId(6));
  std::string seen;
  loaded->index.visit({kOpenEnd, kOpenEnd}, Revision(5), [&](std::string_view key, const KeyVersion& version) {
    seen += std::string(key) + std::to_string(version.version) + "@" + std::to_string(version.row.value()) + " ";
  });
  CHECK_EQ(seen, "b2@6 c1@3 ");
  CHECK(loaded->index.find("a", Revision(3)) != nullptr);
  CHECK(loaded->index.find("a", Revision(4)) == nullptr);
}

TEST_CASE("the compacted revision is read back, and refused where it cannot be") {
  const auto load = [](std::uint64_t id, std::string value) {
    Loader loader;
    loader.on_row(put_row(1, 2, 0, "k", 2, 1).view());
    loader.on_row(sqlite::Row{sqlite::Bucket::compaction, id, 0, 0, std::move(value)}.view());
    return loader.take();
  };
  for (const std::uint64_t revision : {0U, 1U, 2U}) {
    const base::Result<Loaded> loaded = load(1, make_compacted_row(Revision(revision)).value);
    REQUIRE(loaded.has_value());
    CHECK(loaded->compacted == Revision(revision));
  }
  CHECK_EQ(make_compacted_row(Revision(0x0102)).value, std::string("\x02\x01\0\0\0\0\0\0", 8));  // docs/formats/store.md
  struct Case { std::string_view name; std::uint64_t id; std::string value; };
  const Case cases[] = {{"in the future", 1, make_compacted_row(Revision(3)).value},
                        {"another row", 2, make_compacted_row(Revision(2)).value},
                        {"cut short", 1, "\x02"},
                        {"not a revision", 1, std::string(8, '\xff')}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const base::Result<Loaded> loaded = load(c.id, c.value);
    REQUIRE(!loaded.has_value());
    CHECK(loaded.error().code == base::Code::damaged);
  }
}

TEST_CASE("rows that are no history are refused") {
  sqlite::Row not_a_record = put_row(2, 3, 0, "a", 3, 1);
  not_a_record.value = "garbage";
  sqlite::Row negative = put_row(2, 3, 0, "a", 3, 1);
  negative.main = -3;
  sqlite::Row valued_tombstone = put_row(2, 3, 0, "a", 3, 1);
  valued_tombstone.sub = 1;
  struct Case { std::string_view name; sqlite::Row second; };
  const Case cases[] = {
      {"an id twice", put_row(1, 3, 0, "a", 3, 1)},
      {"a main revision that goes back", put_row(2, 1, 0, "a", 1, 1)},
      {"a sub revision twice", put_row(2, 2, 0, "a", 2, 1)},
      {"a record of another revision", put_row(2, 3, 0, "a", 4, 1)},
      {"a version of nothing", put_row(2, 3, 0, "a", 3, 0)},
      {"a record that does not parse", not_a_record},
      {"a negative revision", negative},
      {"a tombstone with a value", valued_tombstone},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Loader loader;
    loader.on_row(put_row(1, 2, 0, "k", 2, 1).view());
    loader.on_row(c.second.view());
    const base::Result<Loaded> loaded = loader.take();
    REQUIRE(!loaded.has_value());
    CHECK(loaded.error().code == base::Code::damaged);
  }
}

}  // namespace
}  // namespace mvcc
