#include "apps/runs/program.h"

#include <cstdio>

#include "apps/runs/arguments.h"
#include "apps/runs/commands.h"

namespace runs {

bool is_command(std::string_view word) { return word == "sim" || word == "replay" || word == "shrink" || word == "report" || word == "compare"; }

std::string usage(const Program& program) {
  std::string scenarios;
  for (const auto& scenario : program.scenarios) scenarios += (scenarios.empty() ? "" : "|") + std::string(scenario->name());
  const std::string space(program.name.size(), ' ');
  return program.name + " sim     [--scenario " + scenarios + "] [--seed N | --seeds A..B] [--jobs N] [--twice] [--stop-at-failure]\n" +
         space + "         [--until-oracle NAME] [--time-limit SECONDS] [--cpu-limit SECONDS] [--traces DIR] [--digests FILE] [--json]\n" +
         space + "         [--without FAULT,FAULT…]   the kinds of docs/fault-model.md\n" +
         program.name + " replay  TRACE [--log] [--json]\n" +
         program.name + " replay  TRACE --until TURN [--log]   how members, disks, clients and messages stand when that turn is over\n" +
         program.name + " shrink  TRACE -o SMALLER [--runs N] [--json]\n" +
         program.name + " report  TRACE -o PAGE.html   the run as one page to look at, with a picture; needs no network\n" +
         program.name + " compare [--scenario NAME] [--seeds A..B]   how many decisions change when one client operation is taken out\n";
}

int run(const Program& program, int argc, const char* const* argv) {
  const base::Result<Arguments> arguments = parse_arguments(program, argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "%s: %s (see `%s --help`)\n", program.name.c_str(), arguments.error().detail.c_str(), program.name.c_str());
    return 2;
  }
  if (arguments->command == "sim") return run_sim(program, *arguments);
  if (arguments->command == "replay") return run_replay(program, *arguments);
  if (arguments->command == "shrink") return run_shrink(program, *arguments);
  if (arguments->command == "report") return run_report(program, *arguments);
  return run_compare(program, *arguments);
}

}  // namespace runs
