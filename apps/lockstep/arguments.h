// apps/lockstep/arguments.h: the tool's command lines, but for those of apps/runs and of bench.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/lockstep/drive_options.h"
#include "apps/runs/arguments.h"
#include "core/base/result.h"

namespace lockstep {

struct Arguments {
  std::string command;             // bugs, faults, check, or drive
  runs::Seeds seeds;
  unsigned jobs = 1;
  bool json = false;
  std::string output;              // of check: where to write what was generated
  std::uint32_t generate = 0;      // of check: operations of a history made up; 0: there is a file
  std::string source = ".";        // of bugs and faults: the source tree
  std::string work;                // of bugs: where builds go
  std::uint64_t bases = 0;         // of bugs: how often each is searched for, from seeds of their own; 0: once, from `seeds`
  std::uint64_t cpu_seconds_max = 300;  // of bugs: of one search
  bool without_fault = false;      // of bugs: each without the kind of fault that it needs
  DriveOptions drive;              // of drive, and of nothing else
  std::vector<std::string> files;  // of check: a history; of bugs: names; of faults: summaries
};

std::string usage();  // of these, and of bench
// invalid: with one line that says what is wrong.
base::Result<Arguments> parse_arguments(int argc, const char* const* argv);

}  // namespace lockstep
