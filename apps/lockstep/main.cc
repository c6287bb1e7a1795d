// lockstep: the tool. One command a word; `lockstep --help` lists them.
#include <cstdio>
#include <string>
#include <vector>

#include "apps/lockstep/arguments.h"
#include "apps/lockstep/commands.h"
#include "apps/runs/program.h"
#include "sim/etcd/cluster.h"
#include "sim/etcd/membership.h"
#include "sim/etcd/single.h"

namespace {

runs::Program this_program() {
  runs::Program program{"lockstep", LOCKSTEP_BUILD, {}};
  program.scenarios.push_back(sim::etcd::make_single());
  program.scenarios.push_back(sim::etcd::make_rot());
  program.scenarios.push_back(sim::etcd::make_cluster());
  program.scenarios.push_back(sim::etcd::make_membership());
  program.scenarios.push_back(sim::etcd::make_steady(20));
  program.scenarios.push_back(sim::etcd::make_steady(40));
  program.scenarios.push_back(sim::etcd::make_steady(200));
  return program;
}

}  // namespace

int main(int argc, char** argv) {
  const runs::Program program = this_program();
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-h" || first == "help") {
    std::printf("%s%s", runs::usage(program).c_str(), lockstep::usage().c_str());
    return 0;
  }
  if (first == "--version") {
    std::printf("%s\n", program.build.c_str());
    return 0;
  }
  if (runs::is_command(first)) return runs::run(program, argc, argv);
  if (first == "bench") return lockstep::run_bench(std::vector<std::string>(argv + 2, argv + argc));
  const base::Result<lockstep::Arguments> arguments = lockstep::parse_arguments(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "lockstep: %s (see `lockstep --help`)\n", arguments.error().detail.c_str());
    return 2;
  }
  if (arguments->command == "check") return lockstep::run_check(*arguments);
  if (arguments->command == "drive") return lockstep::run_drive(arguments->drive);
  if (arguments->command == "faults") return lockstep::run_faults(*arguments);
  return lockstep::run_bugs(*arguments);
}
