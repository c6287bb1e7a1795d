// sim/shrink.h: the smallest plan that still fails in the same way.
//
// Delta debugging over the lists of a plan: scheduled faults, what clients ask, machines, and each single thing that went wrong by chance.
// Because decisions are named by identities, taking one element out leaves the choices made for the others as they were, so most steps
// that can succeed do.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/time.h"
#include "sim/plan.h"
#include "sim/verdict.h"

namespace sim {

// Runs a plan; the shrinker needs nothing else of the engine.
class PlanRunner {
 public:
  struct Result {
    Verdict verdict;
    base::Duration simulated{};  // when it ended
  };
  // What happens behind `until` matters to nobody; 0: all of it does.
  virtual Result run(const Plan& plan, base::Duration until) = 0;
  // What happens by chance in that run, as Recording::hits; nothing if it cannot be told.
  virtual std::vector<std::uint64_t> hits(const Plan& plan) = 0;

 protected:
  ~PlanRunner() = default;
};

class ShrinkProgress {
 public:
  virtual void on_progress(const Plan& smallest, std::uint64_t runs) = 0;

 protected:
  ~ShrinkProgress() = default;
};

struct Shrunk {
  Plan plan;
  Verdict verdict;
  std::uint64_t runs = 0;
};

// Requires: `plan` fails with `verdict`. The result fails alike (sim/verdict.h). At most `runs_max` runs.
Shrunk shrink(const Plan& plan, const Verdict& verdict, std::uint64_t runs_max, PlanRunner& runner, ShrinkProgress* progress);

}  // namespace sim
