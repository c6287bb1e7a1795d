#include "storage/wal/replay.h"

#include "property_tests/property.h"
#include "storage/wal/test_log.h"

namespace wal {
namespace {

// `1/1 1/2 2/3`, or the code of the error.
std::string replayed(const TestLog& log) {
  base::Result<Judged> judged = log.judged();
  REQUIRE(judged.has_value());
  const base::Result<Replayed> result = replay(std::move(judged->batches));
  if (!result) return std::string(base::to_text(result.error().code));
  std::string text;
  for (const base::Entry& entry : result->entries) text += (text.empty() ? "" : " ") + base::to_text(entry.id);
  return text;
}

}  // namespace

TEST_CASE("entries replace a tail, a start drops a front") {
  TestLog log;
  log.begin_segment(1);
  log.add(1, 1, 3);
  CHECK_EQ(replayed(log), "1/1 1/2 1/3");
  SUBCASE("replaced in the middle") {
    log.add(2, 2, 2, 2);
    CHECK_EQ(replayed(log), "1/1 2/2");
  }
  SUBCASE("replaced from the front") {
    log.add(2, 1, 1, 2);
    CHECK_EQ(replayed(log), "2/1");
  }
  SUBCASE("dropped from the front") {
    log.add_start(2, id(1, 2), 1);
    CHECK_EQ(replayed(log), "1/3");
    log.add(3, 4, 5, 2);
    CHECK_EQ(replayed(log), "1/3 2/4 2/5");
  }
  SUBCASE("dropped whole, and a replaced tail does not come back") {
    log.add(2, 2, 2, 2);
    log.add_start(3, id(2, 2), 1);
    CHECK_EQ(replayed(log), "");
  }
  SUBCASE("a snapshot far ahead") {
    log.add_start(2, id(4, 100), 1, true);
    CHECK_EQ(replayed(log), "");
    log.add(3, 101, 102, 4);
    CHECK_EQ(replayed(log), "4/101 4/102");
  }
  SUBCASE("a snapshot in place of entries of a lower term drops what follows them") {
    log.add_start(2, id(2, 2), 1, true);
    CHECK_EQ(replayed(log), "");
    log.add(3, 3, 3, 2);
    CHECK_EQ(replayed(log), "2/3");
  }
  // A leader of term 5 wrote 2 and 3 here alone; the entry 2 of term 4 was committed by one of term 6.
  SUBCASE("a snapshot in place of entries of a higher term drops what follows them") {
    log.add(2, 2, 3, 5);
    log.add_start(3, id(4, 2), 1, true);
    CHECK_EQ(replayed(log), "");
    log.add(4, 3, 3, 6);
    CHECK_EQ(replayed(log), "6/3");
  }
  SUBCASE("a gap is damage") {
    log.add(2, 5, 5);
    CHECK_EQ(replayed(log), "damaged");
  }
  SUBCASE("so is a term that falls") {
    log.add(2, 4, 4, 3);
    log.add(3, 5, 5, 2);
    CHECK_EQ(replayed(log), "damaged");
  }
}

TEST_CASE("a start that a dropped segment once separated from its entries leaves no gap") {
  TestLog log;
  log.begin_segment(1);
  log.add(1, 1, 3);
  log.begin_segment(2);  // its first batch still says: nothing was dropped
  log.add(2, 4, 6);
  log.add_start(3, id(1, 4), 2);
  log.files.erase(1);
  CHECK_EQ(replayed(log), "1/5 1/6");
}

TEST_CASE("a replaced tail may have lost what came before it") {
  TestLog log;
  log.begin_segment(1);
  log.add(1, 1, 3);
  log.begin_segment(2);
  log.add(2, 4, 5);
  log.add(3, 1, 1, 2);       // from the front: nothing in segment 1 counts any more
  log.begin_segment(3, 2);   // and it may go, although segment 2 begins with entry 4
  log.add(4, 2, 2, 2);
  log.files.erase(1);
  CHECK_EQ(replayed(log), "2/1 2/2");
}

TEST_CASE("the last word on the state counts") {
  TestLog log;
  log.begin_segment(1);
  for (std::uint64_t batch = 1; batch <= 3; ++batch) log.add(batch);
  log.add_start(4, id(1, 2), 1);
  base::Result<Judged> judged = log.judged();
  REQUIRE(judged.has_value());
  const base::Result<Replayed> result = replay(std::move(judged->batches));
  REQUIRE(result.has_value());
  CHECK_EQ(result->hard_state.term, base::Term(3));
  CHECK_EQ(result->store_mark.generation, base::StoreGeneration(1));
  CHECK_EQ(result->start.last_dropped, id(1, 2));
  REQUIRE_EQ(result->origins.size(), 1);
  CHECK_EQ(result->origins[0].batch, BatchNumber(3));
}

}  // namespace wal
