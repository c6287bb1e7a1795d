#include "sim/progress.h"

#include <algorithm>
#include <utility>

namespace sim {

bool Progress::is_to_look(Milestone milestone) const {
  if (is_reached(milestone)) return false;
  return milestone != Milestone::equal || (is_reached(Milestone::answered) && is_reached(Milestone::changed));
}

base::Duration Progress::since(Milestone milestone) const {
  if (milestone != Milestone::equal) return calm_since_;
  return calm_since_ + std::max(took(Milestone::answered).value_or(base::Duration()), took(Milestone::changed).value_or(base::Duration()));
}

void Progress::on_look(base::Duration now, Milestone milestone, std::string obstacle, Subject subject) {
  if (!is_to_look(milestone)) return;
  const base::Duration passed = now - since(milestone);
  if (obstacle.empty()) reached_[static_cast<std::size_t>(milestone)] = passed;
  else if (passed >= kBounds[static_cast<std::size_t>(milestone)].within) stuck(milestone, std::move(obstacle), std::move(subject));
}

void Progress::on_last_look(Milestone milestone, std::string obstacle, Subject subject) {
  if (milestone == Milestone::equal) return;  // whoever is behind may be so since a moment ago
  if (is_to_look(milestone) && !obstacle.empty()) stuck(milestone, std::move(obstacle), std::move(subject));
}

void Progress::stuck(Milestone milestone, std::string obstacle, Subject subject) {
  const Bound& bound = kBounds[static_cast<std::size_t>(milestone)];
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(bound.within).count();
  findings_.report(VerdictKind::liveness, kName,
                   std::move(obstacle) + ", long after all faults have ended (the bound `" + std::string(bound.name) + "` is " +
                       std::to_string(seconds) + " s)",
                   std::move(subject));
}

}  // namespace sim
