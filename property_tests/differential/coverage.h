// property_tests/differential/coverage.h: how often each row of the behaviour reference was produced.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "property_tests/differential/request.h"

namespace property_tests::differential {

class Coverage {
 public:
  // Rows of other kinds than these are not expected.
  explicit Coverage(const std::set<Kind>& kinds);

  // Requires: `row` is a row of the table.
  void count(std::string_view row);
  // Prints the table. The number of rows that were produced less often than `least`.
  std::size_t print(std::uint64_t least) const;

 private:
  struct Row {
    Kind kind;
    bool ours_only = false;
    std::uint64_t count = 0;
  };
  void add(Kind kind, const std::string& row, bool ours_only = false);

  std::set<Kind> kinds_;
  std::map<std::string, Row, std::less<>> rows_;
};

}  // namespace property_tests::differential
