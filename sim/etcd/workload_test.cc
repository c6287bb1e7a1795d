#include "sim/etcd/workload.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include "sim/etcd/operation.h"

namespace sim::etcd {

namespace {

Plan plan_of(std::uint64_t seed, std::uint32_t members = 1) {
  io::sim::Decisions decisions(seed);
  Plan plan;
  plan.seed = seed;
  plan.members = members;
  plan.clients = 2;
  plan.faults_until = std::chrono::seconds(50);
  draw_workload(decisions, kOperationsPerRun, {plan.faults_until, plan.faults_until + std::chrono::seconds(10)}, plan);
  return plan;
}

std::string kind_of(const Operation& operation) { return operation.what.substr(0, operation.what.find(' ')); }

}  // namespace

TEST_CASE("every operation can be read back, and starts while the run lasts") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::map<std::uint32_t, base::Duration> last;
    for (const Operation& operation : plan_of(seed).operations) {
      CAPTURE(operation.what);
      const base::Result<KvOperation> parsed = parse_operation(operation.what);
      REQUIRE(parsed);
      CHECK_EQ(to_text(*parsed), operation.what);
      CHECK_GE(operation.at, last[operation.client]);
      CHECK_LE(operation.at, std::chrono::seconds(65));
      last[operation.client] = operation.at;
    }
  }
}

TEST_CASE("leadership is moved where there is somebody to move it to") {
  std::set<std::uint32_t> targets;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const Operation& operation : plan_of(seed, 1).operations) CHECK_NE(kind_of(operation), "move");
    for (const Operation& operation : plan_of(seed, 3).operations) {
      const base::Result<KvOperation> parsed = parse_operation(operation.what);
      REQUIRE(parsed);
      if (parsed->kind == OperationKind::move) targets.insert(parsed->member);
    }
  }
  CHECK_EQ(targets, std::set<std::uint32_t>{0, 1, 2});
}

TEST_CASE("clients may go on in the calm, and move no leadership then") {
  constexpr base::Duration kCalm = std::chrono::seconds(25);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    io::sim::Decisions decisions(seed);
    Plan plan;
    plan.seed = seed;
    plan.members = 3;
    plan.clients = 2;
    plan.faults_until = std::chrono::seconds(50);
    draw_workload(decisions, kOperationsPerRun, {plan.faults_until + kCalm, plan.faults_until + kCalm}, plan);
    std::size_t late = 0;
    for (const Operation& operation : plan.operations) {
      if (operation.at < plan.faults_until) continue;
      ++late;
      CHECK_NE(kind_of(operation), "move");
    }
    CHECK_GT(late, kOperationsPerRun / 10);
  }
}

TEST_CASE("seeds have habits: few keys or hundreds, and kinds that some never ask for") {
  std::set<std::string> missing;
  bool has_few = false;
  bool has_hundreds = false;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::map<std::string, int> kinds;
    std::set<std::string> keys;
    for (const Operation& operation : plan_of(seed).operations) {
      ++kinds[kind_of(operation)];
      if (kind_of(operation) == "put") keys.insert(parse_operation(operation.what)->key);
    }
    has_few = has_few || keys.size() < 9;
    has_hundreds = has_hundreds || keys.size() > 100;
    CHECK_GT(kinds["put"], 200);
    for (const char* kind : {"stream", "txn", "compact", "hash"}) {
      if (kinds[kind] == 0) missing.insert(kind);
    }
  }
  CHECK(has_few);
  CHECK(has_hundreds);
  CHECK_EQ(missing.size(), 4);
}

TEST_CASE("mostly few clients, and sometimes a crowd") {
  int few = 0;
  int crowds = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    io::sim::Decisions decisions(seed);
    const std::uint32_t clients = draw_client_count(decisions, 6);
    CHECK_GE(clients, 1);
    CHECK_LE(clients, 40);
    ++(clients <= 6 ? few : crowds);
  }
  CHECK_GT(few, 30);
  CHECK_GT(crowds, 6);
}

}  // namespace sim::etcd
