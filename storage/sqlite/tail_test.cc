#include "storage/sqlite/tail.h"

#include <doctest/doctest.h>

#include <string>

namespace sqlite {

namespace {

constexpr base::Term kTerm{1};

Row row(Bucket bucket, std::uint64_t id, std::string value) { return Row{bucket, id, 0, 0, std::move(value)}; }

std::string value_of(const Change* change) {
  if (change == nullptr) return "not in the tail";
  return change->kind == ChangeKind::put ? change->row.value : "gone";
}

base::EntryId entry(std::uint64_t index) { return {kTerm, base::LogIndex(index)}; }

}  // namespace

TEST_CASE("the newest change of a row wins, in whichever batch it is") {
  Tail tail({}, {});
  const base::Hash128 first = hash(row(Bucket::key, 1, "first"));
  tail.put(row(Bucket::key, 1, "first"), nullptr);
  tail.put(row(Bucket::key, 2, "other"), nullptr);
  tail.finish_entry(entry(1));
  tail.seal();
  CHECK_EQ(value_of(tail.find(Bucket::key, 1)), "first");
  tail.put(row(Bucket::key, 1, "second"), &first);
  CHECK_EQ(value_of(tail.find(Bucket::key, 1)), "second");
  CHECK_EQ(value_of(tail.find(Bucket::lease, 1)), "not in the tail");
  tail.finish_entry(entry(2));
  // Once the first batch is in the store, only what it alone changed leaves.
  const auto written = tail.take_oldest();
  CHECK_EQ(written->applied.index, base::LogIndex(1));
  CHECK_EQ(value_of(tail.find(Bucket::key, 1)), "second");
  CHECK_EQ(value_of(tail.find(Bucket::key, 2)), "not in the tail");
}

TEST_CASE("changes of a row within one batch are written once") {
  Tail tail({}, {});
  const base::Hash128 old = hash(row(Bucket::auth, 1, "0"));
  base::Hash128 last = old;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const Row next = row(Bucket::auth, 1, std::to_string(i));
    tail.put(next, &last);
    last = hash(next);
    tail.finish_entry(entry(i));
  }
  CHECK_EQ(tail.open().changes.size(), 1);
  CHECK_EQ(tail.bytes(), tail.open().bytes);
  base::Hash128 expected = last;
  expected.remove(old);
  CHECK(tail.open().rows_delta == expected);
}

TEST_CASE("the state follows puts and erasures, and not discards") {
  Tail tail({}, {});
  const base::Hash128 one = hash(row(Bucket::key, 1, "one"));
  const base::Hash128 two = hash(row(Bucket::key, 2, "two"));
  tail.put(row(Bucket::key, 1, "one"), nullptr);
  tail.put(row(Bucket::key, 2, "two"), nullptr);
  base::Hash128 both = one;
  both.add(two);
  CHECK(tail.finish_entry(entry(1)).state == both);
  tail.discard(Bucket::key, 1);
  CHECK(tail.state() == both);
  CHECK(tail.open().rows_delta == two);  // it never reached the store
  tail.erase(Bucket::key, 2, two);
  const Changes changes = tail.finish_entry(entry(2));
  CHECK(changes.state == one);
  CHECK(changes.effect != base::Hash128());
  CHECK(tail.finish_entry(entry(3)).effect == base::Hash128());
}

TEST_CASE("a discard reaches the store when the row may be there") {
  Tail tail({}, {});
  tail.discard(Bucket::key, 7);  // only in the store
  REQUIRE_EQ(tail.open().changes.size(), 1);
  CHECK_EQ(tail.open().changes[0].kind, ChangeKind::discard);
  tail.discard(Bucket::key, 7);
  CHECK_EQ(tail.open().changes.size(), 1);
  tail.put(row(Bucket::key, 8, "sealed"), nullptr);
  tail.finish_entry(entry(1));
  tail.seal();
  tail.discard(Bucket::key, 8);  // on its way to the store
  REQUIRE_EQ(tail.open().changes.size(), 1);
  CHECK_EQ(tail.open().changes[0].kind, ChangeKind::discard);
  CHECK_EQ(value_of(tail.find(Bucket::key, 8)), "gone");
  // A put after it must not swallow it: the store has to account for the row that goes.
  tail.put(row(Bucket::key, 8, "again"), nullptr);
  CHECK_EQ(tail.open().changes.size(), 2);
  CHECK_EQ(value_of(tail.find(Bucket::key, 8)), "again");
}

TEST_CASE("batches are counted, and an empty one has nothing to wait for") {
  Tail tail({}, {});
  CHECK_EQ(tail.newest_batch(), tail.taken_batch());
  tail.discard(Bucket::key, 1);
  CHECK_EQ(tail.newest_batch(), tail.taken_batch() + 1);
  tail.seal();
  CHECK_EQ(tail.newest_batch(), tail.taken_batch() + 1);  // the open one is empty
  tail.finish_entry(entry(1));
  CHECK_EQ(tail.newest_batch(), tail.taken_batch() + 2);
  const std::uint64_t wanted = tail.newest_batch();
  tail.seal();
  tail.take_oldest();
  CHECK_EQ(tail.taken_batch() + 1, wanted);
  tail.take_oldest();
  CHECK_EQ(tail.taken_batch(), wanted);
}

TEST_CASE("the hash of a row depends on every field") {
  const Row base_row{Bucket::key, 2, 4, 6, "value"};
  Row other = base_row;
  CHECK(hash(other) == hash(base_row));
  other.bucket = Bucket::lease;
  CHECK(hash(other) != hash(base_row));
  for (std::uint64_t id = 0; id < 8; ++id) CHECK_EQ(hash(Row{Bucket::key, id, 4, 6, "value"}) == hash(base_row), id == 2);
  for (std::int64_t n = 0; n < 8; ++n) {
    CHECK_EQ(hash(Row{Bucket::key, 2, n, 6, "value"}) == hash(base_row), n == 4);
    CHECK_EQ(hash(Row{Bucket::key, 2, 4, n, "value"}) == hash(base_row), n == 6);
  }
  CHECK(hash(Row{Bucket::key, 2, 4, 6, "valuE"}) != hash(base_row));
}

}  // namespace sqlite
