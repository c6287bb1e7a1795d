#include "core/replica/disk_watch.h"

#include <doctest/doctest.h>

namespace replica {

namespace {

constexpr std::uint32_t kElectionTicks = 4;

base::StoreMark applied(std::uint64_t index) { return {base::StoreGeneration(1), base::LogIndex(index)}; }

// How many ticks pass, this one among them, until the watch calls the disk stuck; 0: more than a hundred.
std::uint32_t ticks_until_stuck(DiskWatch& watch, std::uint64_t write, bool is_refusing, const base::StoreMark& durable) {
  for (std::uint32_t ticks = 1; ticks <= 100; ++ticks) {
    if (!watch.tick(write, is_refusing, durable)) return ticks;
  }
  return 0;
}

}  // namespace

TEST_CASE("one log write that lasts an election timeout is stuck, and many short ones are not") {
  DiskWatch watch(kElectionTicks);
  for (std::uint64_t write = 1; write < 50; ++write) CHECK(watch.tick(write / 2, false, applied(0)));
  CHECK_EQ(ticks_until_stuck(watch, 77, false, applied(0)), kElectionTicks + 1);
  CHECK_FALSE(watch.tick(77, false, applied(0)));
  CHECK(watch.tick(78, false, applied(0)));
  CHECK_EQ(ticks_until_stuck(watch, 0, false, applied(0)), 0);
}

TEST_CASE("a store that gets nowhere while proposals are refused is stuck after three election timeouts") {
  DiskWatch watch(kElectionTicks);
  CHECK(watch.tick(0, true, applied(5)));
  CHECK_EQ(ticks_until_stuck(watch, 0, true, applied(5)), 3 * kElectionTicks);
  // Whatever it gets done counts, and so does room.
  CHECK(watch.tick(0, true, applied(6)));
  for (std::uint32_t tick = 0; tick + 1 < 3 * kElectionTicks; ++tick) CHECK(watch.tick(0, true, applied(6)));
  CHECK(watch.tick(0, false, applied(6)));
  CHECK_EQ(ticks_until_stuck(watch, 0, true, applied(6)), 3 * kElectionTicks);
}

TEST_CASE("nobody is asked twice at once: a stuck disk is so again after as long") {
  DiskWatch watch(kElectionTicks);
  ticks_until_stuck(watch, 1, true, applied(0));
  watch.reset();
  CHECK_EQ(ticks_until_stuck(watch, 1, true, applied(0)), kElectionTicks);
  watch.reset();
  CHECK_EQ(ticks_until_stuck(watch, 0, true, applied(0)), 3 * kElectionTicks);
}

}  // namespace replica
