#include "property_tests/formats/golden.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace formats {

namespace {

std::string path_of(const std::string& name) { return settings().directory + "/" + name; }

std::optional<std::string> read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

int nibble(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

Settings& settings() {
  static Settings all;
  return all;
}

std::string read_golden(const std::string& name) {
  const std::optional<std::string> bytes = read_whole(path_of(name));
  CHECK_MESSAGE(bytes.has_value(), path_of(name), " is not there");
  return bytes.value_or(std::string());
}

void check_golden(const std::string& name, std::string_view bytes) {
  std::optional<std::string> golden = read_whole(path_of(name));
  if (!golden && settings().records) {
    std::ofstream(path_of(name), std::ios::binary) << bytes;
    golden = bytes;
  }
  REQUIRE_MESSAGE(golden.has_value(), path_of(name), " is not there; `formats_test DIRECTORY --record` writes it");
  const auto differing = std::mismatch(bytes.begin(), bytes.end(), golden->begin(), golden->end());
  const bool is_same = differing.first == bytes.end() && differing.second == golden->end();
  const auto offset = differing.first - bytes.begin();
  CHECK_MESSAGE(is_same, "what is written today differs from ", name, " at byte ", offset,
                ". Members and disks out there have the old form: give the new one another version, and a golden file beside the old one "
                "(traces/formats/README.md)");
}

void Pieces::add(const std::string& name, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  text_ += name + ":" + (bytes.empty() ? "" : " ");
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text_ += kDigits[byte >> 4U];
    text_ += kDigits[byte & 15U];
  }
  text_ += "\n";
}

std::map<std::string, std::string> Pieces::read(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    std::string& bytes = out[std::string(line.substr(0, colon))];
    for (std::size_t at = colon + 2; at + 1 < line.size(); at += 2) bytes.push_back(static_cast<char>(nibble(line[at]) * 16 + nibble(line[at + 1])));
  }
  return out;
}

}  // namespace formats
