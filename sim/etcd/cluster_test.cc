#include "sim/etcd/cluster.h"

#include <doctest/doctest.h>

#include <map>

#include "sim/run.h"

namespace sim::etcd {

namespace {

// A short run, so that a few of them fit into a test.
Plan short_plan(std::uint32_t members) {
  const std::unique_ptr<Scenario> scenario = make_cluster();
  Plan plan = scenario->draw_plan(1);
  plan.members = members;
  plan.learners = 0;
  plan.clients = 2;
  plan.actions.clear();
  plan.broken.clear();
  plan.rates.clear();
  plan.operations.clear();
  plan.faults_until = std::chrono::seconds(6);
  plan.duration = std::chrono::seconds(20);
  for (std::uint32_t client = 0; client < plan.clients; ++client) {
    for (std::uint32_t number = 0; number < 40; ++number) {
      const base::Duration at = std::chrono::milliseconds(500 + 100 * number);
      plan.operations.push_back({client, number, at, number % 2 == 0 ? "put k" + std::to_string(number % 5) + " 20" : "get k *"});
    }
    plan.operations.push_back({client, 40, std::chrono::seconds(10), "put k0 3"});
    plan.operations.push_back({client, 41, std::chrono::seconds(10), "get k *"});
  }
  return plan;
}

Action action_of(ActionKind kind, std::uint32_t member, std::vector<std::uint32_t> others, base::Duration at, base::Duration lasting) {
  Action action;
  action.kind = kind;
  action.member = member;
  action.others = std::move(others);
  action.at = at;
  action.lasting = lasting;
  return action;
}

Outcome run_cluster(const Plan& plan) {
  const std::unique_ptr<Scenario> scenario = make_cluster();
  const base::Result<Outcome> outcome = sim::run(*scenario, plan);
  REQUIRE(outcome);
  return *outcome;
}

}  // namespace

TEST_CASE("clusters have one to seven members, mostly an odd number of them") {
  const std::unique_ptr<Scenario> scenario = make_cluster();
  std::map<std::uint32_t, int> sizes;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Plan plan = scenario->draw_plan(seed);
    ++sizes[plan.members];
    CHECK_EQ(contradiction(plan), "");
    CHECK_GE(plan.duration, std::chrono::seconds(60));
  }
  CHECK_EQ(sizes.size(), 7);
  CHECK_GT(sizes[3] + sizes[5] + sizes[7], 250);
}

TEST_CASE("a cluster of any size answers, whatever number of it may be missing") {
  for (std::uint32_t members = 1; members <= kMembersMax; ++members) {
    for (int missing = 0; missing < 2; ++missing) {
      Plan plan = short_plan(members);
      for (std::uint32_t member = 0; missing == 1 && member < members - quorum_of(members); ++member) {
        plan.broken.push_back({member, static_cast<Ailment>(member % kAilmentCount)});
      }
      CAPTURE(members);
      CAPTURE(missing);
      const Outcome outcome = run_cluster(plan);
      CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
      CHECK_GE(outcome.counts.at("acknowledged"), 60);
    }
  }
}

TEST_CASE("the whole group loses its power at one instant, and nothing that it said") {
  Plan plan = short_plan(3);
  plan.actions = {action_of(ActionKind::power_loss, 1, {0, 2}, std::chrono::seconds(3), std::chrono::milliseconds(200))};
  const Outcome outcome = run_cluster(plan);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  CHECK_EQ(outcome.crashes.total, 3);
}

TEST_CASE("a leader that is cut off whoever it is leaves the others to another, and clients are answered") {
  Plan plan = short_plan(3);
  plan.actions = {action_of(ActionKind::cut_leader, 1, {}, std::chrono::seconds(2), std::chrono::seconds(4))};
  const Outcome outcome = run_cluster(plan);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  CHECK_GT(outcome.faults[io::sim::FaultKind::network_partition], 0);
}

TEST_CASE("what a member forgets without noticing, the others give it again") {
  std::uint64_t forgotten = 0;
  for (std::uint32_t i = 0; i < 30; ++i) {
    CAPTURE(i);
    Plan plan = short_plan(5);
    const base::Duration at = std::chrono::milliseconds(2000 + 33 * i);
    plan.actions = {action_of(ActionKind::bit_rot, i % 5, {}, at, {}),
                    action_of(ActionKind::power_loss, i % 5, {}, at + std::chrono::microseconds(1), std::chrono::milliseconds(200))};
    plan.actions[0].part = Part::log;
    plan.actions[0].id = 2 * i;
    plan.actions[1].id = 2 * i + 1;
    const Outcome outcome = run_cluster(plan);
    CHECK_MESSAGE((outcome.verdict.kind == VerdictKind::pass || outcome.is_beyond), outcome.verdict.message);
    CHECK_FALSE(outcome.verdict.is_failure());
    const auto found = outcome.losses.find("forgotten");
    if (!outcome.is_beyond && found != outcome.losses.end()) forgotten += found->second;
  }
  CHECK_GT(forgotten, 0);
}

TEST_CASE("two runs of a cluster are one run") {
  Plan plan = short_plan(5);
  plan.rates = {{"link.reset", 2000}, {"peer.corrupt", 2000}, {"link.stall", 2000}};
  plan.actions = {action_of(ActionKind::partition, 0, {1}, std::chrono::seconds(1), std::chrono::seconds(2)),
                  action_of(ActionKind::reset_links, 2, {3, 4}, std::chrono::seconds(2), {}),
                  action_of(ActionKind::process_kill, 3, {4}, std::chrono::seconds(3), std::chrono::milliseconds(700))};
  const Outcome one = run_cluster(plan);
  const Outcome other = run_cluster(plan);
  CHECK_MESSAGE(one.verdict.kind == VerdictKind::pass, one.verdict.message);
  CHECK_EQ(base::to_text(one.digest), base::to_text(other.digest));
}

}  // namespace sim::etcd
