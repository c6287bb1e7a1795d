#include "storage/mvcc/history_scan.h"

#include "storage/mvcc/test_store.h"

namespace mvcc::testing {
namespace {

// `revision:key` with a `-` before a deleted one.
std::string changes_since(TestStore& test, std::uint64_t from) {
  HistoryScan scan;
  REQUIRE(scan.begin(test.backend(), test.store().last_row(), Revision(from)).has_value());
  std::string out;
  for (;;) {
    const auto row = scan.peek(test.backend());
    REQUIRE(row.has_value());
    if (!row->has_value()) return out;
    const auto again = scan.peek(test.backend());
    REQUIRE(again.has_value());
    CHECK_EQ((*again)->record, (*row)->record);
    const base::Result<Record> record = decode((*row)->record);
    REQUIRE(record.has_value());
    out += to_text((*row)->main) + ":" + ((*row)->kind == RowKind::tombstone ? "-" : "") + std::string(record->key) + " ";
    scan.skip();
  }
}

}  // namespace

TEST_CASE("history is read in the order of change, from any revision on, from memory and from the files") {
  TestStore test;
  CHECK_EQ(changes_since(test, 1), "");
  test.entry([](Store& store) { store.put("a", "1", 0); });
  test.entry([](Store& store) {
    store.put("b", "1", 0);
    store.put("c", "1", 0);
  });
  test.entry([](Store& store) { store.erase({"a", ""}); });
  for (int round = 0; round < 2; ++round) {
    CHECK_EQ(changes_since(test, 1), "2:a 3:b 3:c 4:-a ");
    CHECK_EQ(changes_since(test, 3), "3:b 3:c 4:-a ");
    CHECK_EQ(changes_since(test, 4), "4:-a ");
    CHECK_EQ(changes_since(test, 5), "");
    test.let_time_pass();
  }
  test.entry([](Store& store) { store.put("a", "2", 0); });
  CHECK_EQ(changes_since(test, 4), "4:-a 5:a ");
}

TEST_CASE("compaction leaves history from the compacted revision on whole, tombstones too") {
  TestStore test;
  for (int i = 0; i < 20; ++i) {
    test.entry([i](Store& store) {
      if (i % 5 == 4) store.erase({"k", ""});
      else store.put("k", std::to_string(i), 0);
    });
  }
  test.entry([](Store& store) { REQUIRE(store.compact(11).has_value()); });
  test.finish_compaction();
  CHECK_EQ(changes_since(test, 11), "11:-k 12:k 13:k 14:k 15:k 16:-k 17:k 18:k 19:k 20:k 21:-k ");
  CHECK_EQ(changes_since(test, 16), "16:-k 17:k 18:k 19:k 20:k 21:-k ");
}

}  // namespace mvcc::testing
