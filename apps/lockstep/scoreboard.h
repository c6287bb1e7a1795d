// apps/lockstep/scoreboard.h: what the searches for planted bugs came to, kept in a file and added up.
//
// One search is one bug from one base seed. A line of the file is one search, in JSON, so that a long evening's work can be broken off
// and taken up again: what is there is not searched again, unless the patch is another one by then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

struct Sighting {
  std::string oracle;
  std::uint64_t seed = 0;
  // Spent until then:
  double cpu_seconds = 0;
  double simulated_seconds = 0;
  std::uint64_t runs = 0;
};

struct Search {
  std::string bug;
  std::string patch;     // a hash of its text
  std::string from;      // the issue that it is taken from, or why it is plausible; not in the file
  std::string scenario;
  std::string oracle;    // that is meant to find it
  std::uint64_t base = 0;
  std::string trouble;   // there was no search, and why
  std::uint64_t runs = 0;
  double cpu_seconds = 0;            // of all of it
  std::optional<Sighting> found;     // by the oracle that is meant to
  std::optional<Sighting> first;     // by whichever was first
};

std::string to_line(const Search& search);
std::optional<Search> from_line(std::string_view line);  // nothing: it is no such line

// Nothing: that one is still to be done.
const Search* find(const std::vector<Search>& searches, std::string_view bug, std::string_view patch, std::uint64_t base);

// Of bugs in the order of their names, a line each: where it was found from how many bases, the median and the worst of the CPU-seconds
// (a search in vain is worse than any other), the medians of simulated hours and seeds, and which oracles were faster. Markdown.
std::string table(const std::vector<Search>& searches);

}  // namespace lockstep
