// property_tests/differential/command_line.h: what the command lines of the differential programs share.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "property_tests/differential/servers.h"

namespace property_tests::differential {

inline bool parse_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Requires: at least two arguments.
inline Programs programs_of(const std::vector<std::string>& arguments) {
  return {std::filesystem::absolute(arguments[0]), std::filesystem::absolute(arguments[1]), std::filesystem::temp_directory_path()};
}

// For main(): `run(*parse(arguments))`, or the usage and 2.
template <typename Parse, typename Run>
int run_program(int argc, char** argv, std::string_view usage, Parse parse, Run run) {
  const auto options = parse(std::vector<std::string>(argv + 1, argv + argc));
  if (options) return run(*options);
  std::fprintf(stderr, "%.*s", static_cast<int>(usage.size()), usage.data());
  return 2;
}

}  // namespace property_tests::differential
