#include "apps/lockstep/bench_watch_ledger.h"

#include <doctest/doctest.h>

#include <ostream>

using namespace lockstep;

namespace {

constexpr std::uint64_t kFirst = 1000;

// Two live watchers, a slow one and a late one; two puts before the run and three in it, at revisions 11, 12, …
struct LedgerFixture {
  LedgerFixture() : ledger({kFirst, 2, 2, 1, 1}) {
    for (std::uint64_t put = 0; put < 5; ++put) {
      ledger.on_sent(kFirst + put, start);
      ledger.on_answered(kFirst + put, revision(put));
    }
  }
  static std::int64_t revision(std::uint64_t put) { return static_cast<std::int64_t>(11 + put); }
  bool tell(std::size_t watcher, std::uint64_t put) {
    return ledger.on_event(watcher, revision(put), put_value(kFirst + put, 20), start + std::chrono::microseconds(10 * put));
  }
  void tell_all() {
    for (const std::size_t watcher : {0U, 1U, 2U}) {
      for (const std::uint64_t put : {2U, 3U, 4U}) tell(watcher, put);
    }
    for (const std::uint64_t put : {0U, 1U, 2U, 3U, 4U}) tell(3, put);
  }
  std::string error() {
    ledger.check();
    return ledger.errors().empty() ? "" : ledger.errors().begin()->first;
  }

  const WatchLedger::Clock::time_point start{};
  WatchLedger ledger;
};

constexpr const char* kMissing = "a watcher was not told of every put exactly once";
constexpr const char* kTwice = "an event came twice or out of order";
constexpr const char* kForeign = "an event is of no put that this watcher should see";

}  // namespace

TEST_CASE("a value has its size, and begins with the number of its put") {
  CHECK_EQ(put_value(17, 16), "0000000000000017");
  CHECK_EQ(put_value(17, 300).size(), 300);
  CHECK_NE(put_value(17, 300).substr(16), put_value(18, 300).substr(16));
}

TEST_CASE("who is told everything once and in order makes no error") {
  LedgerFixture fixture;
  fixture.tell_all();
  CHECK_EQ(fixture.error(), "");
  for (const WatcherKind kind : {WatcherKind::live, WatcherKind::slow, WatcherKind::late}) CHECK(fixture.ledger.is_complete(kind));
  CHECK_EQ(fixture.ledger.deliveries(WatcherKind::live), 6);
  CHECK_EQ(fixture.ledger.deliveries(WatcherKind::slow), 3);
  CHECK_EQ(fixture.ledger.deliveries(WatcherKind::late), 5);
  CHECK_EQ(fixture.ledger.latency().count(), 6);  // of the live ones
  CHECK_EQ(fixture.ledger.latency().max(), std::chrono::microseconds(40));
}

TEST_CASE("the last live watcher to be told of a put is noticed") {
  LedgerFixture fixture;
  CHECK_FALSE(fixture.tell(0, 3));
  CHECK_FALSE(fixture.tell(2, 3));  // slow
  CHECK_FALSE(fixture.tell(3, 3));  // late
  CHECK_FALSE(fixture.ledger.is_told_to_all(kFirst + 3));
  CHECK(fixture.tell(1, 3));
  CHECK_EQ(fixture.ledger.last_told(), kFirst + 3);
  CHECK(fixture.ledger.is_told_to_all(kFirst + 3));
}

TEST_CASE("an event that is missing, twice, out of order or of nobody's put is an error") {
  SUBCASE("missing") {
    LedgerFixture fixture;
    fixture.tell(0, 2);
    fixture.tell(0, 4);
    CHECK_FALSE(fixture.ledger.is_complete(WatcherKind::live));
    CHECK_EQ(fixture.error(), kMissing);
    CHECK_EQ(fixture.ledger.errors().at(kMissing), 4);  // one for each watcher
  }
  SUBCASE("twice") {
    LedgerFixture fixture;
    fixture.tell_all();
    fixture.tell(1, 4);
    CHECK_EQ(fixture.error(), kTwice);
  }
  SUBCASE("out of order") {
    LedgerFixture fixture;
    fixture.tell_all();
    fixture.tell(2, 3);
    CHECK_EQ(fixture.error(), kTwice);
  }
  SUBCASE("of the past, to a live watcher") {
    LedgerFixture fixture;
    fixture.tell(0, 1);
    fixture.tell_all();
    CHECK_EQ(fixture.error(), kForeign);
  }
  SUBCASE("of a put that was not sent, or by somebody else") {
    for (const std::string& value : {put_value(kFirst + 5, 16), put_value(kFirst - 1, 16), std::string("short"), std::string(20, 'x')}) {
      CAPTURE(value);
      LedgerFixture fixture;
      fixture.ledger.on_event(0, 30, value, fixture.start);
      fixture.tell_all();
      CHECK_EQ(fixture.ledger.errors().at(kForeign), 1);
    }
  }
  SUBCASE("as many as there should be, at another revision than the answer said") {
    LedgerFixture fixture;
    fixture.tell(0, 2);
    fixture.tell(0, 3);
    fixture.ledger.on_event(0, 16, put_value(kFirst + 4, 16), fixture.start);
    for (const std::uint64_t put : {2U, 3U, 4U}) fixture.tell(1, put);
    CHECK(fixture.ledger.is_complete(WatcherKind::live));
    fixture.ledger.check();
    CHECK_EQ(fixture.ledger.errors().at(kMissing), 3);  // the slow and the late one have heard nothing
  }
}
