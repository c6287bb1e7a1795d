// property_tests/differential/command_line.h: what the command lines of the differential programs share.
#pragma once

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "property_tests/differential/servers.h"

namespace property_tests::differential {

inline bool parse_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Requires: at least two arguments. Data lies in memory, where there is such a place: both servers sync what they write, and what a disk costs
// is not the question.
inline Programs programs_of(const std::vector<std::string>& arguments) {
  const char* const memory = "/dev/shm";
  const std::string parent = ::access(memory, W_OK) == 0 ? memory : std::filesystem::temp_directory_path().string();
  return {std::filesystem::absolute(arguments[0]), std::filesystem::absolute(arguments[1]), parent};
}

// The options behind the two programs, where all of them are numbers. False: something else stands there.
inline bool parse_numbers(const std::vector<std::string>& arguments, const std::map<std::string_view, std::uint64_t*>& numbers) {
  if (arguments.size() < 2 || arguments.size() % 2 != 0) return false;
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    const auto number = numbers.find(arguments[i]);
    if (number == numbers.end() || !parse_number(arguments[i + 1], *number->second)) return false;
  }
  return true;
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
