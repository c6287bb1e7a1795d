#include "sim/shrink.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace sim {

namespace {

// Fails at second 21 when it finds three members, a power loss, operation 7 of client 1, and one rate or one thing that this rate made.
class NeedsThree final : public PlanRunner {
 public:
  Result run(const Plan& plan, base::Duration until) override {
    ++runs;
    CHECK((until == base::Duration() || until > kFailsAt));
    limited_runs += until == base::Duration() ? 0 : 1;
    return {verdict(plan), kFailsAt};
  }
  std::vector<std::uint64_t> hits(const Plan& plan) override {
    if (plan.rates.count("disk.sync_error") == 0) return {};
    return {5, 6, 7};
  }
  static Verdict verdict(const Plan& plan) {
    const bool crash = std::any_of(plan.actions.begin(), plan.actions.end(),
                                   [](const Action& a) { return a.kind == ActionKind::power_loss && a.id == 4; });
    const bool operation = std::any_of(plan.operations.begin(), plan.operations.end(),
                                       [](const Operation& o) { return o.client == 1 && o.number == 7; });
    const bool fault = plan.rates.count("disk.sync_error") > 0 || plan.pins.count(6) > 0;
    if (!crash || !operation || !fault || plan.members < 3) return {};
    // Another failure, which must not be taken for this one.
    if (plan.operations.size() == 3) return {VerdictKind::safety, "durability", "nothing is there"};
    return {VerdictKind::safety, "durability", "operation 7 is lost"};
  }
  static constexpr base::Duration kFailsAt = std::chrono::seconds(21);
  int runs = 0;
  int limited_runs = 0;
};

Plan large_plan() {
  Plan plan;
  plan.members = 5;
  plan.spares = 2;
  plan.clients = 4;
  plan.sizes = {{"a", 1}};
  plan.speaks_later = {0, 2, 6};
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
  CHECK(shrunk.plan.rates.empty());
  CHECK_EQ(shrunk.plan.pins, std::map<std::uint64_t, std::uint64_t>{{6, 0}});
  CHECK(shrunk.plan.sizes.empty());
  CHECK(shrunk.plan.speaks_later.empty());
  CHECK_EQ(shrunk.plan.members, 3);
  CHECK_EQ(shrunk.plan.spares, 1);
  CHECK(shrunk.plan.operations.size() <= 4);  // three would be the other failure
  CHECK_EQ(shrunk.verdict.oracle, "durability");
  CHECK(shrunk.plan.duration < std::chrono::seconds(30));
  CHECK_EQ(runner.limited_runs, runner.runs - 1);  // of the first one it is not known yet when it fails
}

TEST_CASE("what one client asks goes at once, and so does every fault of a kind") {
  struct NeedsNothing final : PlanRunner {
    Result run(const Plan&, base::Duration) override {
      ++runs;
      return {{VerdictKind::safety, "durability", "it is lost"}, std::chrono::seconds(21)};
    }
    std::vector<std::uint64_t> hits(const Plan&) override { return {}; }
    int runs = 0;
  };
  NeedsNothing runner;
  const Shrunk shrunk = shrink(large_plan(), {VerdictKind::safety, "durability", "it is lost"}, 2000, runner, nullptr);
  CHECK(shrunk.plan.operations.empty());
  CHECK(shrunk.plan.actions.empty());
  CHECK(runner.runs < 40);
}

TEST_CASE("the number of runs is a bound") {
  NeedsThree runner;
  const Shrunk shrunk = shrink(large_plan(), {VerdictKind::safety, "durability", "operation 23 is lost"}, 10, runner, nullptr);
  CHECK_EQ(shrunk.runs, 10);
  CHECK_EQ(runner.runs, 10);
}

}  // namespace sim
