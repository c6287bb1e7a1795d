#include "sim/etcd/cluster.h"

#include <algorithm>
#include <array>
#include <string>

#include "sim/etcd/extreme_sizes.h"
#include "sim/etcd/group.h"
#include "sim/etcd/sizes.h"
#include "sim/etcd/watch_plan.h"
#include "sim/etcd/workload.h"
#include "sim/swarm.h"

namespace sim::etcd {

namespace {

constexpr base::Duration kClusterFaultsUntil = std::chrono::seconds(50);
constexpr base::Duration kClusterDuration = std::chrono::seconds(100);
// The last requests of each client are sent this long after the faults have ended, and must be answered. A client that has to find a
// member of the core first waits for each of the others as long as it has patience.
constexpr base::Duration kClusterCalmBefore = std::chrono::seconds(10);
constexpr base::Duration kSteadyUntil = std::chrono::seconds(60);
// Clients go on in the calm, so that a seed whose faults let nobody through for long has operations to judge as well.
constexpr base::Duration kSteadyAsksUntil = std::chrono::seconds(90);
constexpr base::Duration kSteadyLast = std::chrono::seconds(91);
constexpr base::Duration kSteadyDuration = std::chrono::seconds(120);

// How many clients and how large things are, and what goes wrong within the budget. Requires: members, learners and times are set.
void draw_usual(io::sim::Decisions& decisions, Plan& plan) {
  plan.clients = draw_client_count(decisions, 8);
  draw_sizes(decisions, plan);
  draw_group_sizes(decisions, plan);
  draw_faults(decisions, Budget::within, plan);
}

// Of members that stay the same.
class GroupScenario : public Scenario {
 public:
  base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings& findings) const final { return make_group(plan, {}, findings); }
};

class ClusterScenario final : public GroupScenario {
 public:
  std::string_view name() const override { return "cluster"; }

  Plan draw_plan(std::uint64_t seed) const override {
    constexpr std::array<std::uint32_t, 20> kMembers = {3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5, 5, 7, 7, 1, 2, 4, 6};
    io::sim::Decisions decisions(seed);
    Plan plan;
    plan.scenario = name();
    plan.seed = seed;
    plan.members = kMembers[decisions.below("plan-members", {}, kMembers.size())];
    // Two voters of three members, or three of five: a learner that counted would decide.
    if (plan.members > 2 && decisions.happens("plan-has-learners", {}, 250'000)) {
      plan.learners = 1 + static_cast<std::uint32_t>(decisions.below("plan-learners", {}, std::min<std::uint32_t>(plan.members - 2, 2)));
    }
    plan.faults_until = kClusterFaultsUntil;
    plan.duration = kClusterDuration;
    draw_usual(decisions, plan);
    const std::uint32_t operations = draw_extreme_sizes(decisions, plan) ? kOperationsPerSlowRun : kOperationsPerRun;
    draw_damage(decisions, plan);
    draw_versions(decisions, plan);
    draw_workload(decisions, operations, {plan.faults_until, plan.faults_until + kClusterCalmBefore}, plan);
    draw_watchers(decisions, plan);
    return plan;
  }
};

// What *cluster* is, with as many members, seconds and operations as make runs comparable.
class SteadyScenario final : public GroupScenario {
 public:
  explicit SteadyScenario(std::uint32_t per_second) : name_("steady-" + std::to_string(per_second)), per_second_(per_second) {}

  std::string_view name() const override { return name_; }

  Plan draw_plan(std::uint64_t seed) const override {
    io::sim::Decisions decisions(seed);
    Plan plan;
    plan.scenario = name();
    plan.seed = seed;
    plan.members = 3;
    plan.faults_until = kSteadyUntil;
    plan.duration = kSteadyDuration;
    draw_usual(decisions, plan);
    draw_workload(decisions, per_second_ * static_cast<std::uint32_t>(kSteadyAsksUntil / std::chrono::seconds(1)), {kSteadyAsksUntil, kSteadyLast}, plan);
    add_first_in_calm(plan);
    return plan;
  }

 private:
  // Ten seconds after the faults somebody writes, as everywhere (progress.h, the bound `leader`): in bursts that might come late.
  static void add_first_in_calm(Plan& plan) {
    constexpr std::uint32_t kNumber = 900'000;  // that no other operation has
    const base::Duration at = kSteadyUntil + kClusterCalmBefore;
    const auto is_later = [at](const Operation& one) { return one.client != 0 || one.at > at; };
    plan.operations.insert(std::find_if(plan.operations.begin(), plan.operations.end(), is_later), {0, kNumber, at, "put k0 10"});
  }

  const std::string name_;
  const std::uint32_t per_second_;
};

}  // namespace

std::unique_ptr<Scenario> make_cluster() { return std::make_unique<ClusterScenario>(); }
std::unique_ptr<Scenario> make_steady(std::uint32_t per_second) { return std::make_unique<SteadyScenario>(per_second); }

}  // namespace sim::etcd
