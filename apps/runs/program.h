// apps/runs/program.h: what a program is that simulates: its scenarios, and the commands that run them.
//
//   int main(int argc, char** argv) { return runs::run(program, argc, argv); }
//
// Which tenant the scenarios are of is their business.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/tenant.h"

namespace runs {

struct Program {
  std::string name;
  std::string build;  // versions of our code and of the libraries on which a run depends; stands in traces
  std::vector<std::unique_ptr<sim::Scenario>> scenarios;  // the first is meant where none is named
};

// `sim`, `replay`, `shrink`, `report` or `compare`.
bool is_command(std::string_view word);
// One line or two for each of them.
std::string usage(const Program& program);
// Performs the command that is argv[1]. The exit code: 0 all is well, 1 a run failed, 2 the command line or a file is wrong.
int run(const Program& program, int argc, const char* const* argv);

}  // namespace runs
