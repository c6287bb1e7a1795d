#include "sim/etcd/membership.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "sim/etcd/change.h"
#include "sim/etcd/operator.h"
#include "sim/run.h"

namespace sim::etcd {

namespace {

// Nothing goes wrong, and one operator does these, three seconds between them.
Plan calm_plan(std::uint32_t members, std::uint32_t spares, const std::vector<std::string>& changes) {
  Plan plan = make_membership()->draw_plan(1);
  plan.members = members;
  plan.spares = spares;
  plan.clients = 2;
  plan.actions.clear();
  plan.broken.clear();
  plan.rates.clear();
  plan.operations.clear();
  plan.sizes["strict_reconfig_check"] = 1;
  plan.sizes["max_learners"] = 1;
  plan.sizes["voters_min"] = 1;
  for (std::uint32_t number = 0; number < 60; ++number) {
    plan.operations.push_back({0, number, std::chrono::milliseconds(500 * number), number % 2 == 0 ? "put k 20" : "get k"});
  }
  plan.operations.push_back({0, 60, plan.faults_until + std::chrono::seconds(10), "put k 3"});
  for (std::uint32_t number = 0; number < changes.size(); ++number) {
    plan.operations.push_back({1, number, std::chrono::seconds(7 + 3 * number), changes[number]});
  }
  return plan;
}

Outcome run_changes(const Plan& plan) {
  const base::Result<Outcome> outcome = sim::run(*make_membership(), plan);
  REQUIRE(outcome);
  return *outcome;
}

}  // namespace

TEST_CASE("a change is a line that can be read back") {
  std::set<std::string> texts;
  for (std::size_t kind = 0; kind < kGroupChangeCount; ++kind) {
    const auto change = static_cast<GroupChange>(kind);
    texts.insert(to_text(change));
    CHECK(parse_change(to_text(change)) == change);
  }
  CHECK_EQ(texts.size(), kGroupChangeCount);
  for (const char* text : {"", "member", "member ", "member vote", "voter", "member voter 1", "put k 1"}) CHECK_FALSE(parse_change(text));
}

TEST_CASE("what an answer says of a change") {
  using rpc::StatusCode;
  CHECK(outcome_of({StatusCode::ok, ""}) == ChangeOutcome::ok);
  CHECK(outcome_of({StatusCode::unavailable, "etcdserver: unhealthy cluster"}) == ChangeOutcome::refused);
  CHECK(outcome_of({StatusCode::unknown, "etcdserver: re-configuration failed due to not enough started members"}) == ChangeOutcome::refused);
  CHECK(outcome_of({StatusCode::not_found, "etcdserver: member not found"}) == ChangeOutcome::refused);
  CHECK(outcome_of({StatusCode::unavailable, "etcdserver: request timed out"}) == ChangeOutcome::unknown);
  CHECK(outcome_of({StatusCode::deadline_exceeded, ""}) == ChangeOutcome::unknown);
}

TEST_CASE("seeds have groups of all sizes that change in all ways, before it is too late") {
  std::map<std::string, int> changes;
  std::set<std::uint32_t> members;
  std::set<std::uint32_t> spares;
  int with_two_operators = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Plan plan = make_membership()->draw_plan(seed);
    CHECK_EQ(contradiction(plan), "");
    members.insert(plan.members);
    spares.insert(plan.spares);
    std::set<std::uint32_t> operators;
    for (const Operation& operation : plan.operations) {
      if (!parse_change(operation.what)) continue;
      ++changes[operation.what];
      operators.insert(operation.client);
      CHECK_LE(operation.at, plan.faults_until - kNoChangeBefore);
    }
    CHECK_GE(operators.size(), 1);
    with_two_operators += operators.size() == 2 ? 1 : 0;
  }
  CHECK_EQ(members.size(), 5);
  CHECK_EQ(spares.size(), 4);
  CHECK_EQ(changes.size(), kGroupChangeCount);
  CHECK_GT(with_two_operators, 10);
  CHECK_LT(with_two_operators, 60);
}

TEST_CASE("a leader is cut off in the moment in which nobody else has its change, and the group goes on and changes all the same") {
  Plan plan = calm_plan(3, 1, {"member voter", "member remove"});
  Action cut;
  cut.kind = ActionKind::cut_leader;
  cut.at = std::chrono::seconds(5);
  cut.lasting = std::chrono::seconds(4);
  cut.moment = Moment::changing;
  plan.actions = {cut};
  const Outcome outcome = run_changes(plan);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  CHECK_GT(outcome.faults[io::sim::FaultKind::network_partition], 0);
  // What the leader has proposed by itself is lost to the next one, and asked for again: the change is done in the end.
  CHECK_GE(outcome.counts.at("member_voter_asked"), 2);
  CHECK_EQ(outcome.counts.at("member_voter_done"), 1);
  // Before its moment it does not strike: without a change it waits, and the faults end first.
  plan.operations.erase(std::remove_if(plan.operations.begin(), plan.operations.end(),
                                       [](const Operation& operation) { return parse_change(operation.what).has_value(); }),
                        plan.operations.end());
  plan.actions[0].at = plan.faults_until - std::chrono::seconds(5);
  CHECK_EQ(run_changes(plan).faults[io::sim::FaultKind::network_partition], 0);
}

TEST_CASE("where nothing goes wrong every change is done") {
  struct Case {
    std::uint32_t members;
    std::uint32_t spares;
    std::vector<std::string> changes;
  };
  const Case cases[] = {
      {1, 1, {"member voter"}},
      {3, 1, {"member learner", "member promote"}},
      {3, 2, {"member voter", "member remove", "member voter"}},
      {3, 1, {"member replace"}},
      {2, 3, {"member learner", "member replace", "member voter", "member remove"}},
      {3, 1, {"member update", "member update", "member update", "member update"}},
      {1, 1, {"member update", "member voter", "member update", "member replace", "member update"}},
  };
  for (const Case& c : cases) {
    const Outcome outcome = run_changes(calm_plan(c.members, c.spares, c.changes));
    CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
    std::map<std::string, std::uint64_t> wanted;
    for (const std::string& change : c.changes) ++wanted["member_" + change.substr(7) + "_done"];
    for (const auto& one : wanted) {
      CAPTURE(one.first);
      CHECK_EQ(outcome.counts.at(one.first), one.second);
    }
    CHECK_EQ(outcome.counts.at("members_moved"), wanted["member_update_done"]);
    CHECK_GE(outcome.counts.at("acknowledged"), 40);  // clients go to machines where nobody runs, too
  }
}

TEST_CASE("the last voter is not removed, nor one more than the plan allows") {
  Plan plan = calm_plan(3, 1, {"member remove", "member remove", "member remove"});
  plan.sizes["voters_min"] = 2;
  const Outcome outcome = run_changes(plan);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  CHECK_EQ(outcome.counts.at("member_remove_done"), 1);
  CHECK_EQ(outcome.counts.at("member_remove_dropped"), 2);
}

TEST_CASE("a plan whose changes cannot be made is refused") {
  Plan without = calm_plan(3, 1, {"member voter"});
  without.spares = 0;
  CHECK_FALSE(sim::run(*make_membership(), without));
  Plan mixed = calm_plan(3, 1, {"member voter"});
  mixed.operations.push_back({1, 9, std::chrono::seconds(20), "put k 1"});
  CHECK_FALSE(sim::run(*make_membership(), mixed));
}

}  // namespace sim::etcd
