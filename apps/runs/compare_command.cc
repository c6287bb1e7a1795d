// The command `compare`: how much of a run changes when one client operation is taken out of it.
//
// Shrinking works as far as the answer is "little". A decision's value is a function of its name, so a name
// that both runs ask for has one value in both; what can differ is which names are asked for. Both are counted.
#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/runs/commands.h"
#include "apps/runs/isolated_run.h"

namespace runs {

namespace {

struct Share {
  std::uint64_t all = 0;      // decisions of the whole run
  std::uint64_t shared = 0;   // whose name the other run asks for too
  std::uint64_t changed = 0;  // and answers differently
};

using ByName = std::map<std::uint64_t, std::uint64_t>;

std::vector<io::sim::Decisions::Record> decisions_of(const sim::Scenario& scenario, const sim::Plan& plan, bool& passed) {
  sim::RunOptions options;
  options.keep_decisions = true;
  sim::Recording recording;
  const base::Result<sim::Outcome> outcome = sim::run(scenario, plan, options, &recording);
  passed = outcome && !outcome->verdict.is_failure();
  return std::move(recording.decisions);
}

// `disk-sync` -> `disk`
std::string group_of(const std::string& purpose) { return purpose.substr(0, purpose.find('-')); }

}  // namespace

int run_compare(const Program& program, const Arguments& arguments) {
  const sim::Scenario& scenario = scenario_named(program, arguments.scenario);
  warm_up(scenario);
  std::map<std::string, Share> groups;
  std::uint64_t compared = 0;
  for (std::uint64_t seed = arguments.seeds.first; seed <= arguments.seeds.last; ++seed) {
    const sim::Plan whole = scenario.draw_plan(seed);
    if (whole.operations.empty()) continue;
    sim::Plan less = whole;
    const std::size_t victim = io::sim::Decisions(seed).below("compare-victim", {}, whole.operations.size());
    less.operations.erase(less.operations.begin() + static_cast<std::ptrdiff_t>(victim));
    bool passed = false;
    const std::vector<io::sim::Decisions::Record> before = decisions_of(scenario, whole, passed);
    if (!passed) continue;
    ByName after;
    for (const io::sim::Decisions::Record& record : decisions_of(scenario, less, passed)) after[record.name] = record.value;
    ++compared;
    for (const io::sim::Decisions::Record& record : before) {
      Share& share = groups[group_of(record.purpose)];
      ++share.all;
      const auto found = after.find(record.name);
      if (found == after.end()) continue;
      ++share.shared;
      if (found->second != record.value) ++share.changed;
    }
  }
  nlohmann::ordered_json json;
  json["compared"] = compared;
  bool is_good = true;
  for (const auto& group : groups) {
    const Share& share = group.second;
    const double asked = 100.0 * static_cast<double>(share.shared) / static_cast<double>(std::max<std::uint64_t>(1, share.all));
    const double changed = 100.0 * static_cast<double>(share.changed) / static_cast<double>(std::max<std::uint64_t>(1, share.shared));
    is_good = is_good && changed < 1.0;
    json["groups"][group.first] = {{"decisions", share.all}, {"percent_asked_in_both", asked}, {"percent_changed_of_those", changed}};
    if (!arguments.json) {
      std::printf("%-12s %10llu decisions, %6.2f %% asked for in both runs, %.4f %% of those answered differently\n", group.first.c_str(),
                  static_cast<unsigned long long>(share.all), asked, changed);
    }
  }
  if (arguments.json) std::printf("%s\n", json.dump(1).c_str());
  else std::printf("%llu passing runs compared with themselves less one client operation\n", static_cast<unsigned long long>(compared));
  return is_good ? 0 : 1;
}

}  // namespace runs
