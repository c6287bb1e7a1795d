// The scenario of an application: the cluster of `cluster`, and the plan that the application drafts.
#include <algorithm>
#include <array>
#include <utility>

#include "core/base/assert.h"
#include "sim/etcd/application_run.h"
#include "sim/etcd/group.h"
#include "sim/etcd/sizes.h"
#include "sim/swarm.h"

namespace sim::etcd {

namespace {

using std::chrono::milliseconds;

constexpr base::Duration kFaultsUntil = std::chrono::seconds(50);
constexpr base::Duration kDuration = std::chrono::seconds(100);
constexpr std::uint32_t kProcessesMax = 8;
// A process that is left alone for a whole run is as frequent as one that is hit several times.
constexpr std::uint64_t kDisturbancesMax = 6;

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
    std::stable_sort(plan.operations.begin(), plan.operations.end(), [](const Operation& one, const Operation& other) {
      return one.client != other.client ? one.client < other.client : one.at < other.at;
    });
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

void Draft::add(std::uint32_t process, base::Duration at, std::string what) {
  ASSERT(process < plan_.clients);
  ASSERT(!what.empty());
  ASSERT(what.find('\n') == std::string::npos);
  plan_.operations.push_back({process, numbers_[process]++, at, std::move(what)});
}

void Draft::disturb_processes() {
  for (std::uint32_t process = 0; process < plan_.clients; ++process) {
    const std::uint64_t count = below("plan-disturbances", {process}, kDisturbancesMax);
    for (std::uint64_t i = 0; i < count; ++i) {
      Disturbance one;
      one.is_kill = below("plan-is-kill", {process, i}, 2) == 0;
      one.lasting = between("plan-disturbed", {process, i}, milliseconds(1), one.is_kill ? milliseconds(1500) : milliseconds(5000));
      add(process, between("plan-disturbed-at", {process, i}, milliseconds(100), plan_.faults_until), to_text(one));
    }
  }
}

std::unique_ptr<Scenario> make_scenario(ApplicationKind kind) { return std::make_unique<ApplicationScenario>(std::move(kind)); }

}  // namespace sim::etcd
