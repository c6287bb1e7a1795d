#include "storage/wal/judge.h"

#include <functional>

#include "property_tests/property.h"
#include "storage/wal/test_log.h"

namespace wal {
namespace {

// Batches 1 to 4 in segment 1, 5 to 8 in segment 2, nothing yet in segment 3. Only batch 8 is unproven.
TestLog good_log() {
  TestLog log;
  log.begin_segment(1);
  for (std::uint64_t batch = 1; batch <= 4; ++batch) log.add(batch);
  log.begin_segment(2);
  for (std::uint64_t batch = 5; batch <= 8; ++batch) log.add(batch);
  log.begin_segment(3);
  return log;
}

void flip(TestLog& log, std::uint64_t batch, std::uint64_t at = 60) {
  const auto [segment, offset] = log.places.at(batch);
  log.files.at(segment)[offset + at] ^= 1;
}

// `1-8 proven 8`, or `damaged <place>`.
std::string verdict(const TestLog& log) {
  base::Result<Judged> judged = log.judged();
  if (!judged) {
    const std::string& text = judged.error().detail;
    return std::string(base::to_text(judged.error().code)) + " " + text.substr(0, text.find(": "));
  }
  const std::string range =
      base::to_text(judged->batches.front().number) + "-" + base::to_text(judged->batches.back().number);
  return range + " proven " + base::to_text(judged->proven);
}

}  // namespace

TEST_CASE("what is damaged, what is torn, and what is all right") {
  struct Case {
    std::string_view name;
    std::function<void(TestLog&)> change;
    std::string_view verdict;
  };
  const Case cases[] = {
      {"nothing changed", [](TestLog&) {}, "1-8 proven 8"},
      {"the last batch torn", [](TestLog& log) { flip(log, 8); }, "1-7 proven 7"},
      {"the padding of a batch", [](TestLog& log) { flip(log, 3, 500); }, "1-8 proven 8"},
      {"the first batch", [](TestLog& log) { flip(log, 1); }, "damaged wal/0000000000000001.log at offset 4096"},
      {"a batch in the middle", [](TestLog& log) { flip(log, 3); }, "damaged wal/0000000000000001.log at offset 5120"},
      {"the last batch of a full segment", [](TestLog& log) { flip(log, 4); }, "damaged wal/0000000000000001.log at offset 5632"},
      {"the first batch of a segment", [](TestLog& log) { flip(log, 5); }, "damaged wal/0000000000000002.log at offset 4096"},
      {"the last but one", [](TestLog& log) { flip(log, 7); }, "damaged wal/0000000000000002.log at offset 5120"},
      {"the last two", [](TestLog& log) { flip(log, 7); flip(log, 8); }, "1-6 proven 6"},  // as far as bytes can tell
      {"a header", [](TestLog& log) { log.files[1][20] ^= 1; }, "damaged wal/0000000000000001.log at offset 0"},
      {"the header of the unused segment", [](TestLog& log) { log.files[3][20] ^= 1; }, "damaged wal/0000000000000003.log at offset 0"},
      {"zeros for a header", [](TestLog& log) { log.files[2].replace(0, 512, 512, '\0'); }, "damaged wal/0000000000000002.log at offset 0"},
      {"a segment cut short", [](TestLog& log) { log.files[2].resize(5000); }, "damaged wal/0000000000000002.log at offset 5000"},
      {"a segment cut to nothing", [](TestLog& log) { log.files[2].clear(); }, "damaged wal/0000000000000002.log at offset 0"},
      {"a segment that grew", [](TestLog& log) { log.files[2].append(512, '\0'); }, "damaged wal/0000000000000002.log at offset 8192"},
      {"the oldest segment missing", [](TestLog& log) { log.files.erase(1); }, "damaged wal/0000000000000001.log at offset 0"},
      {"a middle segment missing", [](TestLog& log) { log.files.erase(2); }, "damaged wal/0000000000000002.log at offset 0"},
      {"the unused segment missing", [](TestLog& log) { log.files.erase(3); }, "1-8 proven 8"},
      {"a segment under another's name", [](TestLog& log) { log.files[2] = log.files[1]; }, "damaged wal/0000000000000002.log at offset 0"},
      {"a batch in another's place", [](TestLog& log) { log.files[2].replace(5632, 512, log.files[2], 4608, 512); },
       "damaged wal/0000000000000002.log at offset 5632"},
      {"all batches gone", [](TestLog& log) { log.files.erase(2); log.files.erase(3); log.files[1].replace(4096, 4096, 4096, '\0'); },
       "damaged wal/0000000000000001.log at offset 4096"},
      {"an empty batch at the end proves the one before", [](TestLog& log) { log.begin_segment(3); log.add(9); log.add_empty(10); flip(log, 9); },
       "damaged wal/0000000000000003.log at offset 4096"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    TestLog log = good_log();
    c.change(log);
    CHECK_EQ(verdict(log), c.verdict);
  }
}

TEST_CASE("a batch that a restart wrote again counts once, in its newer version") {
  TestLog log;
  log.begin_segment(1);
  for (std::uint64_t batch = 1; batch <= 4; ++batch) log.add(batch);
  log.begin_segment(2);
  log.add(4, 4, 4, 9);  // the same batch, here with another term, to be told apart
  log.add(5, 5, 5, 9);
  const auto check = [](const TestLog& read, base::Term term) {
    base::Result<Judged> judged = read.judged();
    REQUIRE(judged.has_value());
    REQUIRE_EQ(judged->batches.size(), 5);
    CHECK_EQ(judged->batches[3].segment, SegmentNumber(2));
    CHECK_EQ(judged->batches[3].contents.entries.front().id.term, term);
  };
  check(log, base::Term(9));
  SUBCASE("even when the older version is gone") {
    log.files[1][5632 + 60] ^= 1;
    check(log, base::Term(9));
  }
  SUBCASE("but the batches before it must be there") {
    log.files[1][5120 + 60] ^= 1;
    CHECK_EQ(verdict(log), "damaged wal/0000000000000001.log at offset 5120");
  }
}

TEST_CASE("a segment cannot replace batches that were durable, nor begin where another begins") {
  TestLog log;
  log.begin_segment(1);
  for (std::uint64_t batch = 1; batch <= 4; ++batch) log.add(batch);
  log.begin_segment(2);
  SUBCASE("durable before") { log.add(2); }
  SUBCASE("the same beginning") { log.add(1); }
  CHECK_EQ(verdict(log), "damaged wal/0000000000000002.log at offset 4096");
}

TEST_CASE("segments below the oldest one needed mean nothing, whatever they hold") {
  TestLog log = good_log();
  log.begin_segment(3, 2);
  log.add(9);
  CHECK_EQ(verdict(log), "5-9 proven 9");
  SUBCASE("gone") { log.files.erase(1); }
  SUBCASE("rotten") { log.files[1].replace(0, 4096, 4096, 'x'); }
  SUBCASE("another segment's header, as a recycled file may have") { log.files[1] = log.files[3]; }
  CHECK_EQ(verdict(log), "5-9 proven 9");
  SUBCASE("and the oldest one must be there") {
    log.files.erase(2);
    CHECK_EQ(verdict(log), "damaged wal/0000000000000002.log at offset 0");
  }
}

TEST_CASE("a segment that cannot be read is not mistaken for missing ones before it") {
  TestLog log = good_log();
  log.begin_segment(3, 2);
  log.add(9);
  log.files.erase(1);  // dropped, as segment 3 says
  std::vector<FoundSegment> found;
  found.push_back({SegmentNumber(2), scan_segment(log.files[2], SegmentNumber(2), "two")});
  found.push_back({SegmentNumber(3), base::fail(base::Code::io, "unreadable")});
  const base::Result<Judged> judged = judge("wal", std::move(found));
  REQUIRE_FALSE(judged.has_value());
  CHECK_EQ(judged.error().code, base::Code::io);
}

TEST_CASE("segments of two members are no log") {
  TestLog log = good_log();
  SegmentHeader foreign = {{base::ClusterId(1), base::MemberId(3)}, SegmentNumber(3), 5, TestLog::kBytes};
  log.files[3].replace(0, 512, encode(foreign));
  CHECK_EQ(verdict(log), "invalid wal/0000000000000003.log");
}

TEST_CASE("what an earlier segment left in a recycled file is never read") {
  TestLog log = good_log();
  // Segment 3 is made from the file of segment 1: only the front is new.
  TestLog other = log;
  other.begin_segment(3);
  log.files[3] = other.files[3].substr(0, kFirstBatchOffset) + log.files[1].substr(kFirstBatchOffset);
  CHECK_EQ(verdict(log), "1-8 proven 8");
  // Nor when the file had the same number before, and a restart replaced it.
  TestLog again = log;
  again.begin_segment(2);
  again.files[2] = again.files[2].substr(0, kFirstBatchOffset) + log.files[2].substr(kFirstBatchOffset);
  again.files.erase(3);
  CHECK_EQ(verdict(again), "1-4 proven 4");
}

PROPERTY("arbitrary damage: it is refused, or what is read was written, and nothing proven is missing") {
  property_tests::property("never invents", [] {
    TestLog log = good_log();
    const auto count = *rc::gen::inRange<int>(1, 6);
    for (int i = 0; i < count; ++i) {
      std::string& file = log.files[*rc::gen::inRange<std::uint64_t>(1, 4)];
      const std::size_t sector = *rc::gen::inRange<std::size_t>(0, TestLog::kBytes / 512) * 512;
      switch (*rc::gen::inRange<int>(0, 4)) {
        case 0: file[sector + *rc::gen::inRange<std::size_t>(0, 512)] ^= static_cast<char>(*rc::gen::inRange<int>(1, 256)); break;
        case 1: file.replace(sector, 512, 512, '\0'); break;
        case 2: file.replace(sector, 512, good_log().files[*rc::gen::inRange<std::uint64_t>(1, 4)], *rc::gen::inRange<std::size_t>(0, 16) * 512, 512); break;
        default: file.replace(sector, 512, *rc::gen::container<std::string>(512, rc::gen::arbitrary<char>())); break;
      }
    }
    base::Result<Judged> judged = log.judged();
    if (!judged) {
      RC_TAG("refused");
      return;
    }
    RC_TAG("read");
    std::uint64_t expected = 1;
    for (const ScannedBatch& batch : judged->batches) {
      RC_ASSERT(batch.number.value() == expected);
      RC_ASSERT(batch.contents.entries.size() == 1U);
      RC_ASSERT(batch.contents.entries[0].id == id(1, expected));
      RC_ASSERT(batch.contents.entries[0].bytes() == std::to_string(expected));
      ++expected;
    }
    RC_ASSERT(judged->proven.value() <= expected);
  });
}

}  // namespace wal
