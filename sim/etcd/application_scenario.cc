// The scenario of an application: the cluster of `cluster`, and the plan that the application drafts.
#include <utility>

#include "sim/draft.h"
#include "sim/etcd/application_run.h"
#include "sim/etcd/group.h"
#include "sim/etcd/sizes.h"

namespace sim::etcd {

namespace {

class ApplicationScenario final : public Scenario {
 public:
  explicit ApplicationScenario(ApplicationKind kind) : kind_(std::move(kind)) {}
  std::string_view name() const override { return kind_.name; }

  Plan draw_plan(std::uint64_t seed) const override {
    const auto draw_all_sizes = [](io::sim::Decisions& decisions, Plan& plan) {
      draw_sizes(decisions, plan);
      draw_group_sizes(decisions, plan);
    };
    return drafted_plan(kind_.name, seed, draw_all_sizes, kind_.draw);
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
