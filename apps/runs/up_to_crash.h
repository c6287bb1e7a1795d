// apps/runs/up_to_crash.h: a run in a child, told even if the code under test ends its own process.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "sim/run.h"
#include "sim/verdict.h"

namespace runs {

// What one attempt is to do, in a child. `turns_max` and `turn_begun` as in sim::RunOptions; `died` is how the attempt before ended.
struct Attempt {
  std::uint64_t turns_max = 0;
  std::uint64_t* turn_begun = nullptr;
  std::optional<sim::Verdict> died = {};
};

// The options of a run that is to be told.
sim::RunOptions story_of(const Attempt& attempt);

// Runs `work` up to `turns_max` (0: to the end); when that ends the process, once more up to the turn before. What `work` returned; none if
// it ended the process in its first turn, or again.
std::optional<int> run_up_to_crash(std::uint64_t turns_max, const std::function<int(const Attempt&)>& work);

}  // namespace runs
