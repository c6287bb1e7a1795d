// The scenario of an application: the cluster of `cluster`, and the plan that the application drafts.
#include <array>
#include <utility>

#include "sim/etcd/application_run.h"
#include "sim/etcd/group.h"
#include "sim/etcd/sizes.h"
#include "sim/swarm.h"

namespace sim::etcd {

namespace {

constexpr base::Duration kFaultsUntil = std::chrono::seconds(50);
constexpr base::Duration kDuration = std::chrono::seconds(100);
constexpr std::uint32_t kProcessesMax = 8;

class ApplicationScenario final : public Scenario {
 public:
  explicit ApplicationScenario(ApplicationKind kind) : kind_(std::move(kind)) {}
  std::string_view name() const override { return kind_.name; }

  Plan draw_plan(std::uint64_t seed) const override {
    constexpr std::array<std::uint32_t, 10> kMembers = {3, 3, 3, 3, 3, 5, 5, 7, 1, 2};
    io::sim::Decisions decisions(seed);
    Plan plan;
    plan.scenario = name();
    plan.seed = seed;
    plan.members = kMembers[decisions.below("plan-members", {}, kMembers.size())];
    plan.clients = 1 + static_cast<std::uint32_t>(decisions.below("plan-clients", {}, kProcessesMax));
    plan.faults_until = kFaultsUntil;
    plan.duration = kDuration;
    draw_sizes(decisions, plan);
    draw_group_sizes(decisions, plan);
    Draft draft(decisions, plan);
    kind_.draw(draft);
    draft.sort();
    draw_faults(decisions, Budget::within, plan);
    return plan;
  }

  base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings& findings) const override {
    GroupOptions options;
    options.application = &kind_;
    return make_group(plan, options, findings);
  }

 private:
  const ApplicationKind kind_;
};

}  // namespace

std::unique_ptr<Scenario> make_scenario(ApplicationKind kind) { return std::make_unique<ApplicationScenario>(std::move(kind)); }

}  // namespace sim::etcd
