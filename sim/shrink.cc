#include "sim/shrink.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/assert.h"

namespace sim {

namespace {

constexpr base::Duration kPatience = std::chrono::seconds(1);
// What leap() tries to keep, and under how many seeds.
constexpr std::array<std::size_t, 4> kLeapOperations = {0, 4, 16, 64};
constexpr std::array<std::size_t, 3> kLeapActions = {0, 1, 3};
constexpr std::uint64_t kLeapSeeds = 8;

class Shrinker {
 public:
  Shrinker(const Plan& plan, const Verdict& verdict, std::uint64_t runs_max, PlanRunner& runner, ShrinkProgress* progress)
      : best_{plan, verdict, 0}, runs_max_(runs_max), runner_(runner), progress_(progress) {}

  Shrunk run() {
    cut_off();
    shorten();
    leap();
    reduce_and_leap();
    // What is left to chance then is little enough to be spelled out; without it more can go.
    if (pin_hits()) reduce_and_leap();
    return best_;
  }

 private:
  bool is_exhausted() const { return best_.runs >= runs_max_; }

  void reduce_and_leap() {
    do reduce();
    while (leap());
  }

  // Cheap and large steps first: a shorter run makes every later one faster.
  void reduce() {
    bool again = true;
    while (again && !is_exhausted()) {
      again = false;
      again |= cut_off();
      again |= shorten();
      again |= drop_rates();
      again |= drop_elements(&Plan::broken);
      again |= drop_elements(&Plan::speaks_later);
      again |= drop_machines();
      again |= drop_groups(&Plan::actions, [](const Action& action) { return std::string(to_text(action.kind)); });
      again |= drop_elements(&Plan::actions);
      again |= drop_groups(&Plan::operations, [](const Operation& operation) { return "c" + std::to_string(operation.client); });
      again |= drop_groups(&Plan::operations, [](const Operation& operation) { return operation.what.substr(0, operation.what.find(' ')); });
      again |= drop_elements(&Plan::operations);
      again |= drop_sizes();
      again |= drop_pins();
    }
  }

  // Keeps `candidate` when it fails alike.
  bool attempt(Plan candidate) {
    if (is_exhausted() || !contradiction(candidate).empty()) return false;
    ++best_.runs;
    PlanRunner::Result result = runner_.run(candidate, patience(candidate));
    const bool is_same = is_alike(result.verdict, best_.verdict);
    if (is_same) {
      best_.plan = std::move(candidate);
      best_.verdict = std::move(result.verdict);
      ended_ = result.simulated;
    }
    if (progress_ != nullptr) progress_->on_progress(best_.plan, best_.runs);
    return is_same;
  }

  bool fails_on_its_way() const { return ended_ != base::Duration() && ended_ < best_.plan.duration; }

  // Most candidates do not fail, and a run that does not takes longest. What fails on its way does so at about the same time again.
  base::Duration patience(const Plan& candidate) const {
    if (!fails_on_its_way()) return {};
    return std::min(ended_ + ended_ / 2 + kPatience, candidate.duration);
  }

  static void drop_from(base::Duration until, Plan& plan) {
    const auto is_late = [until](const auto& element) { return element.at >= until; };
    plan.actions.erase(std::remove_if(plan.actions.begin(), plan.actions.end(), is_late), plan.actions.end());
    plan.operations.erase(std::remove_if(plan.operations.begin(), plan.operations.end(), is_late), plan.operations.end());
  }

  // What comes after the end of a run that failed on its way.
  bool cut_off() {
    Plan candidate = best_.plan;
    if (ended_ == base::Duration() && !attempt(candidate)) return false;
    drop_from(ended_, candidate);
    const bool is_smaller = candidate.actions.size() < best_.plan.actions.size() || candidate.operations.size() < best_.plan.operations.size();
    return is_smaller && attempt(std::move(candidate));
  }

  // Ends the faults earlier, halving.
  bool shorten() {
    bool changed = false;
    for (;;) {
      Plan candidate = best_.plan;
      const base::Duration calm = candidate.duration - candidate.faults_until;
      candidate.faults_until /= 2;
      candidate.duration = candidate.faults_until + calm;
      const base::Duration until = candidate.faults_until;
      drop_from(until, candidate);
      if (until < std::chrono::milliseconds(10) || !attempt(std::move(candidate))) return changed;
      changed = true;
    }
  }

  // Almost everything at once, under a few other seeds. Where a failure is a matter of when things happen each element that goes moves all that
  // comes later, and most failures go with it; taken out one by one, hundreds stay that only hold the others in their places. Other chances
  // bring the same failure about with little.
  bool leap() {
    if (!fails_on_its_way()) return false;  // every run would go on to its end
    for (const std::size_t operations : kLeapOperations) {
      for (const std::size_t actions : kLeapActions) {
        Plan candidate = best_.plan;
        if (operations * 2 > candidate.operations.size() || is_exhausted()) continue;
        keep_latest(operations, candidate.operations);
        keep_latest(actions, candidate.actions);
        for (std::uint64_t chance = 0; chance < kLeapSeeds; ++chance) {
          candidate.seed = best_.plan.seed + chance;
          if (attempt(candidate)) return true;
        }
      }
    }
    return false;
  }

  // Before the failure, and in the order in which they stand.
  template <typename Element>
  void keep_latest(std::size_t count, std::vector<Element>& elements) const {
    std::vector<base::Duration> times;
    for (const Element& element : elements) times.push_back(element.at);
    std::sort(times.begin(), times.end());
    if (times.size() <= count) return;
    const base::Duration first = count == 0 ? base::Duration::max() : times[times.size() - count];
    elements.erase(std::remove_if(elements.begin(), elements.end(), [&](const Element& one) { return one.at < first; }), elements.end());
  }

  template <typename Map>
  bool drop_each(Map Plan::* map) {
    bool changed = false;
    std::vector<typename Map::key_type> names;
    for (const auto& element : best_.plan.*map) names.push_back(element.first);
    for (const auto& name : names) {
      Plan candidate = best_.plan;
      (candidate.*map).erase(name);
      changed |= attempt(std::move(candidate));
    }
    return changed;
  }
  bool drop_rates() { return drop_each(&Plan::rates); }
  bool drop_sizes() { return drop_each(&Plan::sizes); }  // what a plan does not name has its usual size

  // The last machine, as long as that works, and with it what was to happen to it.
  bool drop_machines() {
    bool changed = false;
    while (drop_machine()) changed = true;
    return changed;
  }
  bool drop_machine() {
    Plan candidate = best_.plan;
    if (candidate.spares > 1) {  // with none it would be a run of another kind
      --candidate.spares;
    } else {
      if (candidate.members == 1) return false;
      --candidate.members;
      if (candidate.learners > 0) --candidate.learners;
    }
    const std::uint32_t gone = machines_of(candidate);
    const auto is_about_it = [gone](const auto& element) { return element.member == gone; };
    candidate.actions.erase(std::remove_if(candidate.actions.begin(), candidate.actions.end(), is_about_it), candidate.actions.end());
    candidate.broken.erase(std::remove_if(candidate.broken.begin(), candidate.broken.end(), is_about_it), candidate.broken.end());
    candidate.speaks_later.erase(std::remove(candidate.speaks_later.begin(), candidate.speaks_later.end(), gone), candidate.speaks_later.end());
    for (Action& action : candidate.actions) action.others.erase(std::remove(action.others.begin(), action.others.end(), gone), action.others.end());
    return attempt(std::move(candidate));
  }

  // Instead of rates, the single faults that they made.
  bool pin_hits() {
    if (is_exhausted()) return false;
    Plan candidate = best_.plan;
    for (const std::uint64_t name : runner_.hits(best_.plan)) candidate.pins[name] = 0;
    candidate.rates.clear();
    if (candidate.pins.empty() && best_.plan.rates.empty()) return false;
    return attempt(std::move(candidate));
  }

  // All that one client asks, all gets, all pauses: a handful of runs, which takes most of a plan away.
  template <typename Element, typename Key>
  bool drop_groups(std::vector<Element> Plan::* list, const Key& key_of) {
    std::map<std::string, std::size_t> sizes;
    for (const Element& element : best_.plan.*list) ++sizes[key_of(element)];
    bool changed = false;
    for (const auto& group : sizes) {
      if (group.second < 2) continue;
      Plan candidate = best_.plan;
      std::vector<Element>& elements = candidate.*list;
      elements.erase(std::remove_if(elements.begin(), elements.end(), [&](const Element& one) { return key_of(one) == group.first; }), elements.end());
      changed |= attempt(std::move(candidate));
    }
    return changed;
  }

  template <typename Element>
  bool drop_elements(std::vector<Element> Plan::* list) {
    return minimise(best_.plan.*list, [list](std::vector<Element> rest, Plan& plan) { plan.*list = std::move(rest); });
  }
  bool drop_pins() {
    using Pin = std::pair<std::uint64_t, std::uint64_t>;
    return minimise(std::vector<Pin>(best_.plan.pins.begin(), best_.plan.pins.end()),
                    [](const std::vector<Pin>& rest, Plan& plan) { plan.pins = {rest.begin(), rest.end()}; });
  }

  // Takes chunks out, from halves down to single elements (ddmin, Zeller and Hildebrandt 2002). `put` makes a plan with the rest.
  template <typename Element, typename Put>
  bool minimise(std::vector<Element> elements, const Put& put) {
    bool changed = false;
    std::size_t chunk = std::max<std::size_t>(1, elements.size() / 2);
    while (!elements.empty() && !is_exhausted()) {
      for (std::size_t first = 0; first < elements.size() && !is_exhausted();) {
        const std::size_t last = std::min(first + chunk, elements.size());
        std::vector<Element> rest = elements;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(first), rest.begin() + static_cast<std::ptrdiff_t>(last));
        Plan candidate = best_.plan;
        put(rest, candidate);
        if (attempt(std::move(candidate))) {
          elements = std::move(rest);  // the next chunk has moved to `first`
          changed = true;
        } else {
          first = last;
        }
      }
      if (chunk == 1) break;
      chunk /= 2;
    }
    return changed;
  }

  Shrunk best_;
  base::Duration ended_{};  // the run of the best plan, once it is known
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
