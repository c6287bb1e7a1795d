// Clients that watch in runs of the simulator.
#include "sim/etcd/watcher.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/mark.h"
#include "sim/etcd/cluster.h"
#include "sim/etcd/membership.h"
#include "sim/run.h"

namespace sim::etcd {

namespace {

struct TimedLine {
  base::Duration at{};
  const char* what;
};

// A client that writes every hundred milliseconds for ten seconds, and others that do these lines.
Plan watched_plan(std::uint32_t members, const std::vector<std::vector<TimedLine>>& watchers) {
  Plan plan;
  plan.scenario = "cluster";
  plan.seed = 7;
  plan.members = members;
  plan.clients = 1 + static_cast<std::uint32_t>(watchers.size());
  plan.faults_until = std::chrono::seconds(12);
  plan.duration = std::chrono::seconds(40);
  plan.sizes["watch_progress_notify_interval_ns"] = 500'000'000;
  for (std::uint32_t number = 0; number < 100; ++number) {
    const std::string key = "k" + std::to_string(number % 5);
    const std::string what = number % 7 == 6 ? "delete " + key : "put " + key + " 20";
    plan.operations.push_back({0, number, std::chrono::milliseconds(500 + 100 * number), what});
  }
  plan.operations.push_back({0, 100, std::chrono::seconds(14), "put k0 3"});
  for (std::uint32_t client = 1; client < plan.clients; ++client) {
    std::uint32_t number = 0;
    for (const TimedLine& line : watchers[client - 1]) plan.operations.push_back({client, number++, line.at, line.what});
  }
  return plan;
}

Outcome run_watched(const Plan& plan) {
  const base::Result<Outcome> outcome = sim::run(*make_cluster(), plan);
  REQUIRE(outcome);
  return *outcome;
}

constexpr base::Duration seconds(int count) { return std::chrono::seconds(count); }

}  // namespace

TEST_CASE("watchers of all kinds are told everything, by one member and by three") {
  for (const std::uint32_t members : {1U, 3U}) {
    CAPTURE(members);
    const Outcome outcome = run_watched(watched_plan(members, {{{seconds(1), "watch new k1"},
                                                                {seconds(2), "watch new * * prev progress from=-20"},
                                                                {seconds(3), "watch new k1 k4 noput fragment id=9"},
                                                                {seconds(4), "watch new k0 k2 nodelete from=+10"},
                                                                {seconds(5), "watch new k0 id=9"},  // refused
                                                                {seconds(6), "watch cancel 0"},
                                                                {seconds(11), "watch progress"}}}));
    CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
    CHECK_GE(outcome.counts.at("watch_created"), 4);
    CHECK_GE(outcome.counts.at("watch_refused"), 1);
    CHECK_EQ(outcome.counts.at("watch_canceled"), 1);
    CHECK_GE(outcome.counts.at("watch_events"), 120);
    CHECK_GE(outcome.counts.at("watch_progress"), 10);
    CHECK_EQ(outcome.counts.at("watch_streams"), 1);
  }
}

TEST_CASE("a watcher goes on where it stood, on another member or when the only one is back") {
  for (const std::uint32_t members : {1U, 3U}) {
    CAPTURE(members);
    Plan plan = watched_plan(members, {{{seconds(1), "watch new * * prev"}, {seconds(2), "watch move"}, {seconds(8), "watch move"}}});
    for (std::uint32_t member = 0; member < members; ++member) {
      Action loss;
      loss.id = member;
      loss.kind = ActionKind::power_loss;
      loss.member = member;
      loss.at = seconds(4 + static_cast<int>(member));
      loss.lasting = std::chrono::milliseconds(300);
      plan.actions.push_back(loss);
    }
    const Outcome outcome = run_watched(plan);
    CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
    CHECK_GE(outcome.counts.at("watch_streams"), 4);
    CHECK_GE(outcome.counts.at("watch_created"), 3);
    CHECK_GE(outcome.counts.at("watch_events"), 60);
  }
}

TEST_CASE("a watcher whose history is gone begins at what is left, also with an id of its own") {
  Plan plan = watched_plan(3, {{{seconds(8), "watch new * * from=-40"}, {seconds(8), "watch new k1 from=-40 id=3"}}});
  for (Operation& operation : plan.operations) {
    if (operation.client == 0 && operation.number == 60) operation.what = "compact 5";
  }
  const Outcome outcome = run_watched(plan);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  CHECK_EQ(outcome.counts.at("watch_compacted"), 2);
  CHECK_GE(outcome.counts.at("watch_created"), 4);
}

TEST_CASE("a watcher that does not read for a while is told everything all the same") {
  Plan plan = watched_plan(3, {{{seconds(1), "watch new * *"}, {seconds(2), "watch pause 6000"}}});
  plan.sizes["watch_window_bytes"] = 500;
  plan.sizes["stream_queued_bytes_max"] = 300;
  const Outcome outcome = run_watched(plan);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  CHECK_GE(outcome.marks[base::Mark::watch_without_room], 1);
  CHECK_GE(outcome.counts.at("watch_events"), 60);
}

TEST_CASE("watchers leave members that stay broken, of which they would hear nothing") {
  for (int ailment = 0; ailment < kAilmentCount; ++ailment) {
    CAPTURE(ailment);
    Plan plan = watched_plan(3, {{{seconds(1), "watch new * *"}}, {{seconds(1), "watch new * *"}}, {{seconds(1), "watch new * *"}}});
    plan.broken.push_back({1, static_cast<Ailment>(ailment)});
    const Outcome outcome = run_watched(plan);
    CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  }
}

TEST_CASE("a watcher comes back to the only member, which was to stay broken and is needed") {  // seed 36 of membership
  Plan plan = watched_plan(1, {{{seconds(1), "watch new * *"}, {seconds(11), "watch move"}}});
  plan.scenario = "membership";
  plan.spares = 2;
  plan.duration = seconds(60);
  plan.broken.push_back({0, Ailment::cut_off});
  const base::Result<Outcome> outcome = sim::run(*make_membership(), plan);
  REQUIRE(outcome);
  CHECK_MESSAGE(outcome->verdict.kind == VerdictKind::pass, outcome->verdict.message);
  CHECK_GE(outcome->counts.at("watch_events"), 60);
}

TEST_CASE("a client either watches or does something else") {
  const std::unique_ptr<Scenario> scenario = make_cluster();
  Findings findings;
  Plan plan = watched_plan(3, {{{seconds(1), "watch new * *"}}});
  CHECK(scenario->make_tenant(plan, findings));
  plan.operations.push_back({1, 1, seconds(2), "get k1"});
  CHECK_FALSE(scenario->make_tenant(plan, findings));
  plan.operations.back() = {1, 1, seconds(2), "watch old k1"};
  CHECK_FALSE(scenario->make_tenant(plan, findings));
  plan.operations.back() = {0, 101, seconds(2), "watch new k1"};
  CHECK_FALSE(scenario->make_tenant(plan, findings));
}

}  // namespace sim::etcd
