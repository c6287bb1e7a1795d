#include "sim/etcd/single.h"

#include "sim/etcd/extreme_sizes.h"
#include "sim/etcd/group.h"
#include "sim/etcd/sizes.h"
#include "sim/etcd/watch_plan.h"
#include "sim/etcd/workload.h"
#include "sim/swarm.h"

namespace sim::etcd {

namespace {

constexpr base::Duration kSingleFaultsUntil = std::chrono::seconds(50);
constexpr base::Duration kSingleDuration = std::chrono::seconds(85);
// The last requests of each client are sent this long after the faults have ended, and must be answered.
constexpr base::Duration kSingleCalmBefore = std::chrono::seconds(10);

class SingleScenario final : public Scenario {
 public:
  SingleScenario(std::string_view name, Budget budget) : name_(name), budget_(budget) {}
  std::string_view name() const override { return name_; }

  Plan draw_plan(std::uint64_t seed) const override {
    io::sim::Decisions decisions(seed);
    Plan plan;
    plan.scenario = name_;
    plan.seed = seed;
    plan.clients = 1 + static_cast<std::uint32_t>(decisions.below("plan-clients", {}, 8));
    plan.faults_until = kSingleFaultsUntil;
    plan.duration = kSingleDuration;
    draw_sizes(decisions, plan);
    const std::uint32_t operations = draw_extreme_sizes(decisions, plan) ? kOperationsPerSlowRun : kOperationsPerRun;
    draw_faults(decisions, budget_, plan);
    if (budget_ == Budget::within) draw_damage(decisions, plan);
    draw_workload(decisions, operations, {plan.faults_until, plan.faults_until + kSingleCalmBefore}, plan);
    if (budget_ == Budget::within) draw_watchers(decisions, plan);
    return plan;
  }

  base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings& findings) const override {
    if (plan.members != 1) return base::fail(base::Code::invalid, "`members` must be 1 in the scenario " + std::string(name_));
    return make_group(plan, {StaleReads::nothing, false}, findings);
  }

 private:
  const std::string_view name_;
  const Budget budget_;
};

}  // namespace

std::unique_ptr<Scenario> make_single() { return std::make_unique<SingleScenario>("single", Budget::within); }
std::unique_ptr<Scenario> make_rot() { return std::make_unique<SingleScenario>("rot", Budget::beyond); }

}  // namespace sim::etcd
