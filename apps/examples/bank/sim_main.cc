// bank_sim: the bank in the simulator.
#include <cstdio>
#include <string>

#include "apps/examples/bank/scenario.h"
#include "apps/runs/program.h"

int main(int argc, char** argv) {
  runs::Program program{"bank_sim", BANK_BUILD, {}};
  program.scenarios.push_back(bank::make_scenario());
  const std::string first = argc > 1 ? argv[1] : "--help";
  if (first != "--help") return runs::run(program, argc, argv);
  std::printf("%s", runs::usage(program).c_str());
  return 0;
}
