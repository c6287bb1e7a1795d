#include "sim/draft.h"

#include <doctest/doctest.h>

namespace sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a line with an exclamation mark is something that happens to a process, or refused") {
  struct Case { const char* line; bool is_valid; bool is_disturbance; bool is_kill; };
  constexpr Case cases[] = {
      {"!kill 300",    true,  true,  true },
      {"!pause 2000",  true,  true,  false},
      {"take",         true,  false, false},
      {"kill 300",     true,  false, false},
      {"!kill",        false, false, false},
      {"!kill x",      false, false, false},
      {"!kill -3",     false, false, false},
      {"!pause 3 4",   false, false, false},
      {"!starve 20",   false, false, false},
      {"!kill 1000001", false, false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.line);
    const base::Result<std::optional<Disturbance>> parsed = parse_disturbance({0, 0, seconds(3), c.line});
    REQUIRE_EQ(parsed.has_value(), c.is_valid);
    if (!c.is_valid) continue;
    REQUIRE_EQ(parsed->has_value(), c.is_disturbance);
    if (!c.is_disturbance) continue;
    CHECK_EQ((*parsed)->is_kill, c.is_kill);
    CHECK_EQ((*parsed)->at, seconds(3));
    CHECK_EQ(to_text(**parsed), c.line);
  }
}

TEST_CASE("lines keep the numbers in which they were added, and stand by process and time") {
  io::sim::Decisions decisions(1);
  Plan plan;
  plan.clients = 2;
  plan.faults_until = seconds(50);
  Draft draft(decisions, plan);
  draft.add(1, seconds(1), "b");
  draft.add(0, seconds(9), "late");
  draft.add(0, seconds(2), "early");
  draft.sort();
  REQUIRE_EQ(plan.operations.size(), 3);
  CHECK_EQ(plan.operations[0].what, "early");
  CHECK_EQ(plan.operations[0].number, 1);
  CHECK_EQ(plan.operations[1].what, "late");
  CHECK_EQ(plan.operations[2].client, 1);
}

TEST_CASE("some processes are killed, some paused, some left alone, and none in the calm") {
  int kills = 0;
  int pauses = 0;
  int spared = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    io::sim::Decisions decisions(seed);
    Plan plan;
    plan.clients = 1;
    plan.faults_until = seconds(50);
    Draft(decisions, plan).disturb_processes();
    spared += plan.operations.empty() ? 1 : 0;
    for (const Operation& line : plan.operations) {
      const base::Result<std::optional<Disturbance>> one = parse_disturbance(line);
      REQUIRE(one);
      REQUIRE(one->has_value());
      ++((*one)->is_kill ? kills : pauses);
      CHECK_LT(line.at, plan.faults_until);
    }
  }
  CHECK_GT(kills, 0);
  CHECK_GT(pauses, 0);
  CHECK_GT(spared, 0);
}

}  // namespace sim
