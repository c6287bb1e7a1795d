#include "io/real/observer.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string>

#include "core/base/assert.h"
#include "io/real/clock.h"
#include "io/real/descriptor.h"

namespace io::real {

namespace {

// What an observer writes, read back through a pipe.
struct ObserverFixture {
  ObserverFixture() {
    std::array<int, 2> ends{};
    ASSERT(::pipe(ends.data()) == 0);
    out = Descriptor(ends[0]);
    in = Descriptor(ends[1]);
  }
  RealObserver observer(Level level) { return RealObserver(clock, {.level = level, .caller = "test", .descriptor = in.get()}); }
  std::string written() {
    in.reset();
    std::string text(65536, '\0');
    const ssize_t count = ::read(out.get(), text.data(), text.size());
    ASSERT(count >= 0);
    text.resize(static_cast<std::size_t>(count));
    return text;
  }

  RealClock clock;
  Descriptor out;
  Descriptor in;
};

}  // namespace

TEST_CASE("a timestamp is UTC with microseconds, in etcd's layout") {
  struct Case {
    std::int64_t nanoseconds;
    std::string text;
  };
  const Case cases[] = {
      {0, "1970-01-01T00:00:00.000000Z"},
      {1'136'214'245'000'001'999, "2006-01-02T15:04:05.000001Z"},
      {1'709'164'799'999'999'999, "2024-02-28T23:59:59.999999Z"},
      {-1, "1969-12-31T23:59:59.999999Z"},
  };
  for (const Case& each : cases) CHECK_EQ(timestamp_text(base::WallTime{each.nanoseconds}), each.text);
}

TEST_CASE("a log line is one JSON object with etcd's keys in etcd's order") {
  ObserverFixture fixture;
  fixture.observer(Level::info)
      .log(Level::warn, "slow \"fdatasync\"\n",
           {{"took", "1.5s"}, {"count", std::int64_t{-3}}, {"ok", true}, {"caller", "wal/wal.go"}, {"a\\b", false}});
  const std::regex expected(
      R"(\{"level":"warn","ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z","caller":"wal/wal\.go",)"
      R"("msg":"slow \\"fdatasync\\"\\u000a","took":"1\.5s","count":-3,"ok":true,"a\\\\b":false\}\n)");
  const std::string line = fixture.written();
  CAPTURE(line);
  CHECK(std::regex_match(line, expected));
}

TEST_CASE("lines below the level are not written, and a line without a caller gets the default one") {
  ObserverFixture fixture;
  {
    RealObserver observer = fixture.observer(Level::warn);
    observer.log(Level::info, "quiet");
    observer.log(Level::error, "loud");
    observer.set_level(Level::debug);
    observer.log(Level::debug, "now heard");
  }
  const std::string text = fixture.written();
  CAPTURE(text);
  CHECK_EQ(text.find("quiet"), std::string::npos);
  CHECK_NE(text.find(R"("caller":"test","msg":"loud"})"), std::string::npos);
  CHECK_NE(text.find(R"({"level":"debug",)"), std::string::npos);
}

TEST_CASE("events are counted, told at debug level, and a stop is told always") {
  using base::EntryId;
  using base::LogIndex;
  using base::Term;
  const Event events[] = {
      Appended{EntryId{Term(2), LogIndex(6)}, base::EntryKind::command, "bytes"},
      WroteEntries{"wal/1", 4096, "twelve bytes", EntryId{Term(2), LogIndex(5)}, EntryId{Term(2), LogIndex(6)}},
      LogSynced{LogIndex(6)},
      Committed{EntryId{Term(2), LogIndex(5)}},
      Applied{EntryId{Term(2), LogIndex(5)}, {}, {}},
      StoreDurable{base::StoreMark{base::StoreGeneration(1), LogIndex(4)}},
      LogTruncated{LogIndex(3)},
      AppendAnswered{base::MemberId(2), Term(2), LogIndex(6), true},
      SnapshotRefused{base::MemberId(2), EntryId{Term(2), LogIndex(4)}, "a row too many"},
      Stopped{"disk on fire"},
  };
  struct Case {
    Level level;
    int line_count;
  };
  for (const Case& each : {Case{Level::debug, 10}, Case{Level::info, 1}}) {
    ObserverFixture fixture;
    RealObserver observer = fixture.observer(each.level);
    for (const Event& event : events) observer.on_event(event);
    const std::string text = fixture.written();
    CAPTURE(text);
    CHECK_EQ(std::count(text.begin(), text.end(), '\n'), each.line_count);
    CHECK_NE(text.find(R"("reason":"disk on fire")"), std::string::npos);

    const EventCounters& counters = observer.counters();
    CHECK_EQ(counters.log_write_count, 1);
    CHECK_EQ(counters.log_write_bytes, 12);
    CHECK_EQ(counters.log_sync_count, 1);
    CHECK_EQ(counters.applied_count, 1);
    CHECK(counters.appended == LogIndex(6));
    CHECK(counters.synced == LogIndex(6));
    CHECK(counters.committed == LogIndex(5));
    CHECK(counters.applied == LogIndex(5));
    CHECK(counters.store_durable.applied == LogIndex(4));
  }
}

TEST_CASE("a snapshot moves what is counted to where it ends") {
  using base::EntryId;
  using base::LogIndex;
  using base::Term;
  const EntryId last{Term(2), LogIndex(9)};
  ObserverFixture fixture;
  RealObserver observer = fixture.observer(Level::debug);
  const Event events[] = {
      SnapshotBegun{base::MemberId(2), EntryId{Term(2), LogIndex(4)}},
      SnapshotEnded{base::MemberId(2), true},
      LogReplaced{last, ""},
      Installed{last, base::StoreMark{base::StoreGeneration(2), last.index}, {}},
  };
  for (const Event& event : events) observer.on_event(event);
  const std::string text = fixture.written();
  CAPTURE(text);
  CHECK_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  const EventCounters& counters = observer.counters();
  CHECK_EQ(counters.snapshot_count, 1);
  CHECK_EQ(counters.installed_count, 1);
  CHECK(counters.appended == last.index);
  CHECK(counters.committed == last.index);
  CHECK(counters.applied == last.index);
  CHECK(counters.store_durable == base::StoreMark{base::StoreGeneration(2), last.index});
}

}  // namespace io::real
