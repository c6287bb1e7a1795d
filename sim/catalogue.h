// sim/catalogue.h: the fault catalogue: what each kind is, in a line, and what of a plan brings it about.
//
// Who asks what a kind is good for runs a batch without it: a planted mistake that is found with it, and not without, needs it
// (docs/fault-model.md). It goes through the plan, so a trace of such a run replays as any other.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "io/sim/faults.h"
#include "sim/plan.h"
#include "sim/tenant.h"

namespace sim {

std::string_view describe(io::sim::FaultKind kind);
std::optional<io::sim::FaultKind> fault_named(std::string_view name);
// False: it follows from others alone.
bool can_be_left_out(io::sim::FaultKind kind);
// Takes out of the plan what brings these about, and as little else as possible. Requires: each can be left out.
void leave_out(const std::vector<io::sim::FaultKind>& kinds, Plan& plan);

// A scenario whose plans do without some kinds.
class Without final : public Scenario {
 public:
  // `scenario` outlives this.
  Without(const Scenario& scenario, std::vector<io::sim::FaultKind> kinds) : scenario_(scenario), kinds_(std::move(kinds)) {}
  std::string_view name() const override { return scenario_.name(); }
  Plan draw_plan(std::uint64_t seed) const override;
  base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings& findings) const override {
    return scenario_.make_tenant(plan, findings);
  }

 private:
  const Scenario& scenario_;
  const std::vector<io::sim::FaultKind> kinds_;
};

}  // namespace sim
