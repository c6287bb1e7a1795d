// apps/runs/arguments.h: the command lines of programs that simulate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/runs/program.h"
#include "core/base/result.h"
#include "io/sim/faults.h"

namespace runs {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 1;  // inclusive
};

struct Arguments {
  std::string command;             // sim, replay, shrink, report, or compare
  std::string scenario;            // of sim and compare
  Seeds seeds;
  unsigned jobs = 1;
  bool json = false;
  bool twice = false;              // run every seed twice and compare digests
  bool stop_at_failure = false;
  bool log = false;                // of replay: the members' log lines
  std::uint64_t until_turn = 0;    // of replay: stop behind this turn and say how everything stands; 0: run to the end
  double seconds_max = 0;
  double cpu_seconds_max = 0;      // of sim: of all runs together; 0: no limit
  std::string until_oracle;        // of sim: a failure that this oracle finds is enough
  std::uint64_t runs_max = 2000;   // of shrink
  std::string output;              // of shrink: the smaller trace; of report: the page
  std::vector<io::sim::FaultKind> without;  // of sim: kinds of faults that its plans do without
  std::string traces = ".";        // of sim: where failures are written
  std::string digests;             // of sim: a file for `seed digest` lines
  std::string file;                // of replay, shrink and report: a trace
};

// invalid: with one line that says what is wrong.
base::Result<Arguments> parse_arguments(const Program& program, int argc, const char* const* argv);

// Parts of it, for whoever has commands of its own. False: it is something else.
bool parse_number(std::string_view text, std::uint64_t& out);
bool parse_seeds(std::string_view text, Seeds& out);    // `7` or `1..200`
bool parse_jobs(std::string_view text, unsigned& out);  // 1 to 256

}  // namespace runs
