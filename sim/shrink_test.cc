#include "sim/shrink.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace sim {

namespace {

// Fails when it finds a power loss, operation 7 of client 1, and one rate, before second 20.
class NeedsThree final : public PlanRunner {
 public:
  Verdict run(const Plan& plan) override {
    ++runs;
    const bool crash = std::any_of(plan.actions.begin(), plan.actions.end(),
                                   [](const Action& a) { return a.kind == ActionKind::power_loss && a.id == 4; });
    const bool operation = std::any_of(plan.operations.begin(), plan.operations.end(),
                                       [](const Operation& o) { return o.client == 1 && o.number == 7; });
    if (!crash || !operation || plan.rates.count("disk.sync_error") == 0) return {};
    // Another failure, which must not be taken for this one.
    if (plan.operations.size() == 3) return {VerdictKind::safety, "another", "…"};
    return {VerdictKind::safety, "durability", "operation 7 is lost"};
  }
  int runs = 0;
};

Plan large_plan() {
  Plan plan;
  plan.clients = 4;
  plan.faults_until = std::chrono::seconds(40);
  plan.duration = std::chrono::seconds(60);
  plan.rates = {{"disk.sync_error", 5}, {"link.reset", 5}, {"disk.slow", 1}};
  for (std::uint32_t id = 0; id < 10; ++id) {
    plan.actions.push_back({id, id % 2 == 0 ? ActionKind::power_loss : ActionKind::pause, std::chrono::seconds(id), {}, Moment::any, 0});
  }
  for (std::uint32_t client = 0; client < 4; ++client) {
    for (std::uint32_t number = 0; number < 100; ++number) {
      plan.operations.push_back({client, number, std::chrono::milliseconds(number * 300), "get a"});
    }
  }
  return plan;
}

}  // namespace

TEST_CASE("what a failure does not need goes, and the failure stays the same one") {
  NeedsThree runner;
  const Shrunk shrunk = shrink(large_plan(), {VerdictKind::safety, "durability", "operation 23 is lost"}, 2000, runner, nullptr);
  CHECK_EQ(shrunk.plan.actions.size(), 1);
  CHECK_EQ(shrunk.plan.rates.size(), 1);
  CHECK(shrunk.plan.operations.size() <= 4);  // three would be the other failure
  CHECK_EQ(shrunk.verdict.oracle, "durability");
  CHECK(shrunk.plan.duration < std::chrono::seconds(30));
}

TEST_CASE("the number of runs is a bound") {
  NeedsThree runner;
  const Shrunk shrunk = shrink(large_plan(), {VerdictKind::safety, "durability", "operation 23 is lost"}, 10, runner, nullptr);
  CHECK_EQ(shrunk.runs, 10);
  CHECK_EQ(runner.runs, 10);
}

}  // namespace sim
