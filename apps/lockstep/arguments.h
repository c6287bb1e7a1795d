// apps/lockstep/arguments.h: the tool's command lines. cxxopts is called here and nowhere else in the tool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/lockstep/drive_options.h"
#include "core/base/result.h"

namespace lockstep {

struct Arguments {
  std::string command;             // sim, replay, shrink, bugs, compare, check, or drive
  std::string scenario = "single";
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1;
  unsigned jobs = 1;
  bool json = false;
  bool twice = false;              // run every seed twice and compare digests
  bool stop_at_failure = false;
  bool log = false;                // of replay: the members' log lines
  double seconds_max = 0;
  std::uint64_t runs_max = 2000;   // of shrink
  std::string output;              // of shrink: the smaller trace; of check: where to write what was generated
  std::uint32_t generate = 0;      // of check: operations of a history made up; 0: there is a file
  std::string traces = ".";        // of sim: where failures are written
  std::string digests;             // of sim: a file for `seed digest` lines
  std::string source = ".";        // of bugs: the source tree
  std::string work;                // of bugs: where builds go
  DriveOptions drive;              // of drive, and of nothing else
  std::vector<std::string> files;  // of replay and shrink: a trace; of check: a history; of bugs: names
};

std::string usage();
// invalid: with one line that says what is wrong.
base::Result<Arguments> parse_arguments(int argc, const char* const* argv);

}  // namespace lockstep
