#include "sim/etcd/membership.h"

#include <algorithm>

#include "sim/etcd/change.h"
#include "sim/etcd/extreme_sizes.h"
#include "sim/etcd/group.h"
#include "sim/etcd/sizes.h"
#include "sim/etcd/watch_plan.h"
#include "sim/etcd/workload.h"
#include "sim/swarm.h"

namespace sim::etcd {

namespace {

constexpr base::Duration kMembershipFaultsUntil = std::chrono::seconds(50);
// Who joins in the calm may have to wait for each of those that stay broken.
constexpr base::Duration kMembershipDuration = std::chrono::seconds(130);
constexpr base::Duration kMembershipCalmBefore = std::chrono::seconds(10);
constexpr std::uint32_t kFoundersMax = 5;
constexpr std::uint32_t kSparesMax = 4;

class MembershipScenario final : public Scenario {
 public:
  std::string_view name() const override { return "membership"; }

  Plan draw_plan(std::uint64_t seed) const override {
    io::sim::Decisions decisions(seed);
    Plan plan;
    plan.scenario = name();
    plan.seed = seed;
    plan.members = 1 + static_cast<std::uint32_t>(decisions.below("plan-members", {}, kFoundersMax));
    const std::uint32_t spares_max = std::min(kSparesMax, kMembersMax - plan.members);
    plan.spares = 1 + static_cast<std::uint32_t>(decisions.below("plan-spares", {}, spares_max));
    plan.clients = draw_client_count(decisions, 6);
    plan.faults_until = kMembershipFaultsUntil;
    plan.duration = kMembershipDuration;
    draw_sizes(decisions, plan);
    draw_group_sizes(decisions, plan);
    const std::uint32_t operations = draw_extreme_sizes(decisions, plan) ? kOperationsPerSlowRun : kOperationsPerRun;
    draw_change_rules(decisions, plan);
    draw_workload(decisions, operations, {plan.faults_until, plan.faults_until + kMembershipCalmBefore}, plan);
    draw_changes(decisions, kMembershipFaultsUntil - kNoChangeBefore, plan);
    draw_faults(decisions, Budget::within, plan);
    draw_versions(decisions, plan);
    draw_watchers(decisions, plan);
    return plan;
  }

  base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings& findings) const override {
    return make_group(plan, {}, findings);
  }
};

}  // namespace

std::unique_ptr<Scenario> make_membership() { return std::make_unique<MembershipScenario>(); }

}  // namespace sim::etcd
