#include "sim/shrink.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/assert.h"

namespace sim {

namespace {

class Shrinker {
 public:
  Shrinker(const Plan& plan, const Verdict& verdict, std::uint64_t runs_max, PlanRunner& runner, ShrinkProgress* progress)
      : best_{plan, verdict, 0}, runs_max_(runs_max), runner_(runner), progress_(progress) {}

  Shrunk run() {
    // Cheap and large steps first: a shorter run makes every later one faster.
    bool again = true;
    while (again && !is_exhausted()) {
      again = false;
      again |= shorten();
      again |= drop_rates();
      again |= drop_elements(&Plan::broken);
      again |= drop_elements(&Plan::actions);
      again |= drop_elements(&Plan::operations);
    }
    return best_;
  }

 private:
  bool is_exhausted() const { return best_.runs >= runs_max_; }

  // Keeps `candidate` when it fails in the same way.
  bool attempt(Plan candidate) {
    if (is_exhausted()) return false;
    ++best_.runs;
    Verdict verdict = runner_.run(candidate);
    const bool is_same = is_alike(verdict, best_.verdict);
    if (is_same) {
      best_.plan = std::move(candidate);
      best_.verdict = std::move(verdict);
    }
    if (progress_ != nullptr) progress_->on_progress(best_.plan, best_.runs);
    return is_same;
  }

  // Ends the run earlier, halving.
  bool shorten() {
    bool changed = false;
    for (;;) {
      Plan candidate = best_.plan;
      const base::Duration calm = candidate.duration - candidate.faults_until;
      candidate.faults_until /= 2;
      candidate.duration = candidate.faults_until + calm;
      const base::Duration until = candidate.faults_until;
      auto is_late = [until](const auto& element) { return element.at >= until; };
      candidate.actions.erase(std::remove_if(candidate.actions.begin(), candidate.actions.end(), is_late), candidate.actions.end());
      candidate.operations.erase(std::remove_if(candidate.operations.begin(), candidate.operations.end(), is_late),
                                 candidate.operations.end());
      if (until < std::chrono::milliseconds(10) || !attempt(std::move(candidate))) return changed;
      changed = true;
    }
  }

  bool drop_rates() {
    bool changed = false;
    std::vector<std::string> names;
    for (const auto& rate : best_.plan.rates) names.push_back(rate.first);
    for (const std::string& name : names) {
      Plan candidate = best_.plan;
      candidate.rates.erase(name);
      changed |= attempt(std::move(candidate));
    }
    return changed;
  }

  // Drops chunks of one list, from halves down to single elements (ddmin, Zeller and Hildebrandt 2002).
  template <typename Element>
  bool drop_elements(std::vector<Element> Plan::* list) {
    bool changed = false;
    std::size_t chunk = std::max<std::size_t>(1, (best_.plan.*list).size() / 2);
    while (!(best_.plan.*list).empty() && !is_exhausted()) {
      for (std::size_t first = 0; first < (best_.plan.*list).size() && !is_exhausted();) {
        Plan candidate = best_.plan;
        std::vector<Element>& elements = candidate.*list;
        const std::size_t last = std::min(first + chunk, elements.size());
        elements.erase(elements.begin() + static_cast<std::ptrdiff_t>(first), elements.begin() + static_cast<std::ptrdiff_t>(last));
        if (attempt(std::move(candidate))) changed = true;  // the next chunk has moved to `first`
        else first = last;
      }
      if (chunk == 1) break;
      chunk /= 2;
    }
    return changed;
  }

  Shrunk best_;
  const std::uint64_t runs_max_;
  PlanRunner& runner_;
  ShrinkProgress* progress_;
};

}  // namespace

Shrunk shrink(const Plan& plan, const Verdict& verdict, std::uint64_t runs_max, PlanRunner& runner, ShrinkProgress* progress) {
  ASSERT(verdict.is_failure());
  return Shrinker(plan, verdict, runs_max, runner, progress).run();
}

}  // namespace sim
