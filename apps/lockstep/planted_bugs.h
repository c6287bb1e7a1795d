// apps/lockstep/planted_bugs.h: what the patches of sim/bugs/ say of themselves.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// Each patch begins with lines `Bug:`, `Issue:`, `Oracle:`, with `Scenario:` unless that is single, and with `Fault:` if it is found only
// where faults of that kind happen.
struct Bug {
  std::string name;
  std::filesystem::path patch;
  std::string oracle;  // that should catch it
  std::string scenario = "single";
  std::string fault;   // empty: it needs none, or none in particular
  std::string hash;    // of the patch
  std::string from;
};

// Empty when there is no such file.
std::string read_file(const std::filesystem::path& path);
Bug bug_of(const std::filesystem::path& patch, std::string_view text);
// By name; all of them when none is wanted.
std::vector<Bug> find_bugs(const std::filesystem::path& source, const std::vector<std::string>& wanted);

}  // namespace lockstep
