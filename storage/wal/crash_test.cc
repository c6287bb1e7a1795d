// Power losses, kills and failing calls at every kind of instant. What is checked is in test_member.h: nothing acknowledged
// and nothing ever recovered is lost, nothing is invented, a batch is whole or not there.
#include <doctest/doctest.h>

#include <algorithm>

#include "storage/wal/test_log.h"
#include "storage/wal/test_member.h"

namespace wal {
namespace {

using io::sim::CrashKind;
using namespace std::chrono_literals;

constexpr std::uint32_t kEverySector = 1'000'000;

// Draws the story of one seed, by name.
class Story {
 public:
  explicit Story(TestMember& member) : member_(member) {}

  // Something raft could ask for.
  OwnedBatch batch() {
    ++number_;
    const State& state = member_.model();
    const base::EntryId start = state.start.last_dropped;
    base::EntryId last = state.entries.empty() ? start : state.entries.back().id;
    OwnedBatch batch;
    base::HardState hard_state = state.hard_state;
    if (one_in(4, "vote")) {
      hard_state.term = hard_state.term.next();
      hard_state.voted_for = base::MemberId(below(3, "voted for"));
    }
    hard_state.term = std::max(hard_state.term, std::max(last.term, base::Term(1)));
    hard_state.committed = last.index;
    batch.hard_state = hard_state;
    if (one_in(6, "mark")) {
      const base::StoreMark& mark = state.store_mark;
      batch.store_mark = base::StoreMark{mark.generation, std::max(mark.applied, start.index.plus(below(3, "applied")))};
    }
    if (one_in(20, "snapshot")) {
      last = {hard_state.term, last.index.plus(1 + below(10, "snapshot index"))};
      batch.start = {last, "installed"};
      batch.is_reset = true;
    } else if (!state.entries.empty() && one_in(5, "start")) {
      const base::EntryId dropped = state.entries[below(state.entries.size(), "dropped")].id;
      batch.start = {dropped, "voters " + std::to_string(number_)};
      last = std::max(last, dropped);
    } else if (!state.entries.empty() && last.term < hard_state.term && one_in(2, "replace")) {
      const std::size_t kept = below(state.entries.size(), "kept");
      last = kept == 0 ? start : state.entries[kept - 1].id;
    }
    for (std::uint64_t left = below(5, "entries"); left > 0; --left) {
      last = {hard_state.term, last.index.next()};
      const std::uint64_t size = one_in(30, "long", left) ? 40'000 : below(1500, "size", left);
      batch.entries.push_back(test_entry(last, std::string(size, static_cast<char>('a' + number_ % 26))));
    }
    return batch;
  }

  bool one_in(std::uint64_t many, std::string_view what, std::uint64_t which = 0) { return below(many, what, which) == 0; }
  std::uint64_t below(std::uint64_t bound, std::string_view what, std::uint64_t which = 0) {
    return member_.sim().decisions().below(what, {number_, which}, bound);
  }
  void next() { ++number_; }
  CrashKind crash_kind() { return one_in(2, "kill") ? CrashKind::process_kill : CrashKind::power_loss; }

 private:
  TestMember& member_;
  std::uint64_t number_ = 0;
};

void boot_again(TestMember& member) {
  const base::Status status = member.boot();
  REQUIRE_MESSAGE(status.has_value(), (status ? "" : base::to_text(status.error())));
}

}  // namespace

TEST_CASE("crashes at random instants, of appends, of jobs and of recoveries") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    TestMember member(seed, 8U << 10U);
    Story story(member);
    for (int life = 0; life < 12; ++life) {
      story.next();
      // A recovery takes some hundred microseconds; many are cut short.
      const bool is_cut_short = story.one_in(2, "cut");
      const base::Duration at_most = is_cut_short ? base::Duration(1us * story.below(2000, "recovery")) : base::Duration(1h);
      if (!member.boot(at_most, story.crash_kind())) {
        REQUIRE(is_cut_short);
        continue;
      }
      for (std::uint64_t appends = story.below(30, "appends"); appends > 0; --appends) {
        REQUIRE(member.append(story.batch()).has_value());
        if (story.one_in(10, "idle")) member.sim().run_for(150ms);
      }
      member.start_append(story.batch());
      member.sim().run_for(1us * story.below(1500, "crash"));
      member.crash(story.crash_kind());
    }
    boot_again(member);
    CHECK(member.wal().segment_count() < 40);
  }
}

TEST_CASE("a crash at each instant of a recovery, and of the one after it") {
  // A log with all that recovery has to deal with: full segments, one to drop, a torn end and a prepared segment.
  for (int step = 0; step < 150; ++step) {
    CAPTURE(step);
    TestMember member(77, 8U << 10U);
    boot_again(member);
    for (int i = 0; i < 9; ++i) REQUIRE(member.append_command(std::string(700, 'x')).has_value());
    OwnedBatch batch;
    batch.start = {id(1, 3), "voters: 1"};
    REQUIRE(member.append(batch).has_value());
    batch = {};
    batch.entries = {test_entry(id(1, 10), std::string(2000, 'y'))};
    member.start_append(batch);
    member.sim().run_for(150us);
    member.crash(step % 2 == 0 ? CrashKind::power_loss : CrashKind::process_kill);
    const base::Duration at = 10us * step;
    static_cast<void>(member.boot(at).has_value());
    if (!member.is_open()) static_cast<void>(member.boot(at / 2 + 100us, CrashKind::process_kill).has_value());
    if (member.is_open()) member.crash(CrashKind::power_loss);
    boot_again(member);
  }
}

TEST_CASE("failing calls: the log stops or goes on, and lies to nobody") {
  int failed = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    TestMember member(seed, 8U << 10U);
    Story story(member);
    boot_again(member);
    for (int life = 0; life < 8; ++life) {
      story.next();
      io::sim::DiskFaults& faults = member.faults();
      const std::uint32_t rate = story.one_in(3, "healthy") ? 0 : 20'000;
      faults.sync_error_per_million = story.one_in(2, "sync errors") ? rate : 0;
      faults.write_error_per_million = story.one_in(2, "write errors") ? rate : 0;
      faults.metadata_error_per_million = story.one_in(2, "metadata errors") ? rate : 0;
      faults.no_space_per_million = story.one_in(2, "no space") ? rate : 0;
      faults.read_error_per_million = story.one_in(2, "read errors") ? rate : 0;
      faults.dropped_sector_per_million = story.one_in(2, "dropped") ? kEverySector : 500'000;
      base::Status status;
      if (!member.is_open()) status = member.boot();
      for (std::uint64_t appends = story.below(40, "appends"); appends > 0 && status; --appends) {
        status = member.append(story.batch());
        if (story.one_in(10, "idle")) member.sim().run_for(150ms);
      }
      if (!status) {
        ++failed;
        // Never called damage: nothing that was durable is gone.
        const bool is_of_the_disk = status.error().code == base::Code::io || status.error().code == base::Code::no_space;
        CHECK_MESSAGE(is_of_the_disk, base::to_text(status.error()));
      }
      if (member.is_open()) member.crash(story.crash_kind());
      member.faults() = {};
      if (!member.node().is_up() || !member.is_open()) {
        if (member.node().is_up()) member.node().crash(story.crash_kind());
      }
      if (story.one_in(2, "look")) boot_again(member);
    }
    if (!member.is_open()) boot_again(member);
  }
  CHECK(failed > 50);
}

}  // namespace wal
