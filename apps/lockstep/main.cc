// lockstep: the tool. One command a word; `lockstep --help` lists them.
#include <cstdio>
#include <string>
#include <vector>

#include "apps/lockstep/arguments.h"
#include "apps/lockstep/commands.h"

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-h" || first == "help") {
    std::printf("%s", lockstep::usage().c_str());
    return 0;
  }
  if (first == "--version") {
    std::printf("%s\n", lockstep::build_text().c_str());
    return 0;
  }
  if (first == "bench") return lockstep::run_bench(std::vector<std::string>(argv + 2, argv + argc));
  const base::Result<lockstep::Arguments> arguments = lockstep::parse_arguments(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "lockstep: %s (see `lockstep --help`)\n", arguments.error().detail.c_str());
    return 2;
  }
  if (arguments->command == "sim") return lockstep::run_sim(*arguments);
  if (arguments->command == "replay") return lockstep::run_replay(*arguments);
  if (arguments->command == "shrink") return lockstep::run_shrink(*arguments);
  if (arguments->command == "compare") return lockstep::run_compare(*arguments);
  if (arguments->command == "check") return lockstep::run_check(*arguments);
  if (arguments->command == "drive") return lockstep::run_drive(arguments->drive);
  return lockstep::run_bugs(*arguments);
}
