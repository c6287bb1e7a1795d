// apps/runs/commands.h: one function per command; each returns the exit code.
#pragma once

#include <string>

#include "apps/runs/arguments.h"
#include "apps/runs/program.h"
#include "core/base/result.h"
#include "sim/trace.h"

namespace runs {

int run_sim(const Program& program, const Arguments& arguments);
int run_replay(const Program& program, const Arguments& arguments);
int run_until(const Program& program, const Arguments& arguments, const sim::Trace& trace);  // replay with --until
int run_report(const Program& program, const Arguments& arguments);
int run_shrink(const Program& program, const Arguments& arguments);
int run_compare(const Program& program, const Arguments& arguments);

// Says on stderr what is wrong with the command line or a file; returns the exit code for that.
int refuse(const Program& program, const base::Error& error);
// Ends the process with exit code 2 for another name.
const sim::Scenario& scenario_named(const Program& program, const std::string& name);
base::Result<sim::Trace> read_trace(const std::string& path);
base::Status write_file(const std::string& path, const std::string& bytes);

}  // namespace runs
