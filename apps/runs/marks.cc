#include "apps/runs/marks.h"

#include <algorithm>

namespace runs {

namespace {

base::MarkNeeds what_it_has(const sim::Plan& plan) {
  if (plan.spares > 0) return base::MarkNeeds::change;
  return plan.members > 1 ? base::MarkNeeds::group : base::MarkNeeds::member;
}

std::string listed(const std::vector<base::Mark>& marks) {
  std::string out;
  for (const base::Mark mark : marks) out += (out.empty() ? "" : ", ") + std::string(base::to_text(mark));
  return out;
}

}  // namespace

void MarkTotals::add(const sim::Plan& plan, const base::MarkCounts& reached) {
  has_ = std::max(has_, what_it_has(plan));
  times_.add(reached);
  for (std::size_t i = 0; i < base::kMarkCount; ++i) {
    const auto mark = static_cast<base::Mark>(i);
    if (reached[mark] > 0) runs_.add(mark);
  }
}

std::vector<base::Mark> MarkTotals::wanted() const {
  std::vector<base::Mark> out;
  for (std::size_t i = 0; i < base::kMarkCount; ++i) {
    const auto mark = static_cast<base::Mark>(i);
    if (base::needs(mark) <= has_ || runs_[mark] > 0) out.push_back(mark);
  }
  return out;
}

std::vector<base::Mark> MarkTotals::never() const {
  std::vector<base::Mark> out = wanted();
  out.erase(std::remove_if(out.begin(), out.end(), [this](base::Mark mark) { return runs_[mark] > 0; }), out.end());
  return out;
}

std::string MarkTotals::to_text() const {
  const std::vector<base::Mark> all = wanted();
  const std::vector<base::Mark> none = never();
  std::vector<base::Mark> once;
  for (const base::Mark mark : all) {
    if (runs_[mark] == 1) once.push_back(mark);
  }
  std::string out = "marks: " + std::to_string(all.size() - none.size()) + " of " + std::to_string(all.size()) + " reached";
  if (!none.empty()) out += "; never: " + listed(none);
  if (!once.empty()) out += "; in one run only: " + listed(once);
  return out;
}

}  // namespace runs
