#include "storage/mvcc/hash.h"

#include <doctest/doctest.h>

#include <string>

#include "property_tests/property.h"
#include "storage/mvcc/test_store.h"

namespace mvcc {

using testing::TestStore;

namespace {

KvHash hash_of(TestStore& test, std::int64_t revision = 0, HashBudget budget = {250, 1U << 20U}) {
  HashScan scan(test.store(), test.backend(), revision);
  for (;;) {
    REQUIRE(scan.prepare_slice().has_value());
    const base::Result<bool> done = scan.run_slice(budget);
    REQUIRE(done.has_value());
    if (*done) return scan.result();
  }
}
void put(TestStore& test, std::string_view key, std::string_view value) {
  test.entry([&](Store& store) { store.put(key, value, 0); });
}
void compact_at(TestStore& test, std::int64_t revision) {
  test.entry([&](Store& store) { REQUIRE(store.compact(revision).has_value()); });
}

}  // namespace

// Each number is what etcd 3.4.23 answered to `etcdctl endpoint hashkv` after the same requests.
TEST_CASE("the hash is etcd's, before and after rows are gone") {
  for (const bool removes : {false, true}) {
    for (const std::uint64_t rows : {1U, 1000U}) {
      CAPTURE(removes);
      CAPTURE(rows);
      TestStore test;
      const auto check = [&](std::uint32_t hash, std::int64_t revision, std::optional<Revision> compacted) {
        if (removes) test.finish_compaction();
        const KvHash seen = hash_of(test, 0, {rows, 1U << 20U});
        CHECK_EQ(seen.hash, hash);
        CHECK_EQ(seen.revision, revision);
        CHECK(seen.compacted == compacted);
      };
      check(1084519789U, 1, std::nullopt);
      put(test, "a", "1");
      put(test, "b", "2");
      put(test, "a", "3");
      check(2069675932U, 4, std::nullopt);
      test.entry([](Store& store) { store.erase({"b", ""}); });
      put(test, "c", "");
      check(1947802976U, 6, std::nullopt);
      compact_at(test, 4);
      check(323977103U, 6, Revision(4));
      compact_at(test, 5);  // exactly at a tombstone
      check(244968164U, 6, Revision(5));
      put(test, "b", "9");
      check(484143082U, 7, Revision(5));
      compact_at(test, 6);
      check(484143082U, 7, Revision(6));
      test.entry([](Store& store) { CHECK_EQ(store.erase(testing::kAll), 3); });
      check(207854772U, 8, Revision(6));
      compact_at(test, 7);  // nothing stands at 8, so nothing is left out
      check(207854772U, 8, Revision(7));
      compact_at(test, 8);
      check(1084519789U, 8, Revision(8));
    }
  }
}

TEST_CASE("a hash at an older revision, and where there is none") {
  TestStore test;
  put(test, "a", "1");
  put(test, "b", "2");
  put(test, "a", "3");
  CHECK_EQ(hash_of(test).hash, 2069675932U);
  put(test, "d", "later");
  CHECK_EQ(hash_of(test, 4).hash, 2069675932U);
  compact_at(test, 3);
  for (const auto& [revision, why] : {std::pair(2, RevisionError::compacted), std::pair(6, RevisionError::future)}) {
    HashScan scan(test.store(), test.backend(), revision);
    const auto prepared = scan.prepare_slice();
    REQUIRE(!prepared.has_value());
    CHECK(prepared.error() == why);
  }
  CHECK_EQ(hash_of(test, 3).revision, 3);
}

TEST_CASE("no row is as old as a negative revision") {  // as etcd 3.4 answers: the hash of the bucket's name
  TestStore test;
  put(test, "a", "1");
  CHECK_EQ(hash_of(test, -1).hash, 1084519789U);
  CHECK_EQ(hash_of(test, -7).revision, -7);
}

TEST_CASE("a compaction during a scan makes it begin again, or end") {
  TestStore test;
  for (int i = 0; i < 10; ++i) put(test, i % 2 == 0 ? "a" : "b", std::to_string(i));
  HashScan newest(test.store(), test.backend(), 0);
  HashScan old(test.store(), test.backend(), 5);
  for (HashScan* scan : {&newest, &old}) {
    REQUIRE(scan->prepare_slice().has_value());
    REQUIRE_FALSE(*scan->run_slice({3, 1U << 20U}));
  }
  compact_at(test, 8);
  test.finish_compaction();
  put(test, "a", "more");
  CHECK(old.prepare_slice() == tl::unexpected(RevisionError::compacted));
  REQUIRE(newest.prepare_slice().has_value());
  while (!*newest.run_slice({3, 1U << 20U})) REQUIRE(newest.prepare_slice().has_value());
  CHECK_EQ(newest.result().hash, hash_of(test).hash);
  CHECK_EQ(newest.result().revision, 12);
  CHECK(newest.result().compacted == Revision(8));
}

TEST_CASE("a scan that is compacted before each slice comes to its end") {
  TestStore test;
  for (int i = 0; i < 300; ++i) put(test, "key" + std::to_string(i), "value");
  HashScan newest(test.store(), test.backend(), 0);
  for (std::int64_t slices = 1;; ++slices) {
    REQUIRE(slices < 10);  // of one row, four, sixteen …
    REQUIRE(newest.prepare_slice().has_value());
    if (*newest.run_slice({1, 1U << 20U})) break;
    compact_at(test, slices + 1);
  }
  CHECK_EQ(newest.result().hash, hash_of(test).hash);
}

}  // namespace mvcc
