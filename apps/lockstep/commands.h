// apps/lockstep/commands.h: one function per command; each returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "apps/lockstep/arguments.h"

namespace lockstep {

int run_bugs(const Arguments& arguments);
int run_faults(const Arguments& arguments);
int run_check(const Arguments& arguments);
int run_drive(const DriveOptions& options);
int run_bench(const std::vector<std::string>& arguments);  // has a command line of its own: bench_options.h

}  // namespace lockstep
