// apps/lockstep/commands.h: one function per command; each returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "apps/lockstep/arguments.h"
#include "core/base/result.h"
#include "sim/trace.h"

namespace lockstep {

int run_sim(const Arguments& arguments);
int run_replay(const Arguments& arguments);
int run_shrink(const Arguments& arguments);
int run_compare(const Arguments& arguments);
int run_bugs(const Arguments& arguments);
int run_check(const Arguments& arguments);
int run_drive(const DriveOptions& options);
int run_bench(const std::vector<std::string>& arguments);  // has a command line of its own: bench_options.h

// Versions of our code and of the libraries on which a run depends.
std::string build_text();
base::Result<sim::Trace> read_trace(const std::string& path);
base::Status write_file(const std::string& path, const std::string& bytes);

}  // namespace lockstep
