#include "sim/timer_oracle.h"

#include <doctest/doctest.h>

namespace sim {

using namespace std::chrono_literals;

namespace {

struct TimedWorld final : Truth {
  TimedWorld() { oracle.on_start("m1"); }
  std::string durable_bytes(std::string_view, std::string_view, std::uint64_t, std::uint64_t) const override { return {}; }
  bool is_store_durable(std::string_view, base::StoreGeneration) const override { return true; }
  base::Duration now() const override { return time; }

  void vote(base::Duration at) {
    time = at;
    oracle.on_event("m1", io::VoteGiven{base::Term(7), base::MemberId(2)});
  }
  void take(base::Duration at, io::Part part, std::uint64_t leader = 0, bool is_asked = false) {
    time = at;
    oracle.on_event("m1", io::PartTaken{base::Term(8), part, base::MemberId(1), base::MemberId(leader), is_asked});
  }
  bool is_clean() const { return findings.is_clean(); }

  base::Duration time{};
  Findings findings;
  TimerOracle oracle{*this, 1000ms, findings};
};

}  // namespace

TEST_CASE("who campaigns soon after a vote for another is accused") {
  TimedWorld world;
  world.vote(20s);
  world.take(20s + 100ms, io::Part::candidate);
  CHECK_FALSE(world.is_clean());
  CHECK_EQ(world.findings.verdict().oracle, TimerOracle::kName);
}

TEST_CASE("who waits an election timeout is not, on a fast clock either") {
  TimedWorld world;
  world.vote(20s);
  world.take(20s + 830ms, io::Part::candidate);
  CHECK(world.is_clean());
}

TEST_CASE("a leader that was heard begins another story, and so does its request to campaign, and a restart") {
  TimedWorld world;
  world.vote(20s);
  world.take(20s + 10ms, io::Part::follower, 2);
  world.take(20s + 20ms, io::Part::follower);
  world.take(20s + 30ms, io::Part::candidate);
  CHECK(world.is_clean());
  world.vote(30s);
  world.take(30s + 30ms, io::Part::candidate, 0, true);
  CHECK(world.is_clean());
  world.vote(40s);
  world.oracle.on_start("m1");
  world.take(40s + 30ms, io::Part::candidate);
  CHECK(world.is_clean());
}

TEST_CASE("losing sight of the leader is no news of one") {
  TimedWorld world;
  world.vote(20s);
  world.take(20s + 10ms, io::Part::follower);
  world.take(20s + 100ms, io::Part::candidate);
  CHECK_FALSE(world.is_clean());
}

TEST_CASE("in its first seconds a member may be in a hurry") {
  TimedWorld world;
  world.vote(2s);
  world.take(2s + 100ms, io::Part::candidate);
  CHECK(world.is_clean());
}

}  // namespace sim
