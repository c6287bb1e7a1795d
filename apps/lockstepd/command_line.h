// apps/lockstepd/command_line.h: arguments in etcd's four spellings, and the environment.
//
//   --name v   --name=v   -name v   -name=v
//
// All mean the same. Arguments are brought into the second form before cxxopts sees them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/lockstepd/flags.h"
#include "apps/lockstepd/refusal.h"

namespace lockstepd {

// What was set and where, every value checked by check_value(). What is not here has its default.
struct Settings {
  std::map<std::string, std::string, std::less<>> values;  // by flag name
  std::vector<std::string> warnings;                       // for the log, once there is one

  bool is_set(std::string_view flag) const { return values.find(flag) != values.end(); }
  // Requires: a flag of the table that is not obsolete.
  std::string_view get(std::string_view flag) const;
};

// Each flag that stands in `arguments` (argv without the program), the last one of a name winning.
// Asked for help it says so, whatever else is wrong behind it.
Parsed<Settings> parse_arguments(std::span<const std::string> arguments);

// Adds what `environment` (lines `NAME=value`) sets. A flag and its variable together are refused; an unknown ETCD_ name is
// a warning; an empty value is none (behaviour reference §11.3).
Parsed<Settings> add_environment(Settings settings, std::span<const std::string> environment);

}  // namespace lockstepd
