#include "apps/lockstep/scoreboard.h"

#include <doctest/doctest.h>

namespace lockstep {

namespace {

Search search(std::string_view bug, std::uint64_t base, double cpu_seconds) {
  Search out;
  out.bug = bug;
  out.patch = "p";
  out.from = "an issue";
  out.scenario = "cluster";
  out.oracle = "votes";
  out.base = base;
  out.runs = 7;
  out.cpu_seconds = cpu_seconds;
  return out;
}

Search found(std::string_view bug, std::uint64_t base, double cpu_seconds) {
  Search out = search(bug, base, cpu_seconds);
  out.found = Sighting{"votes", 12, cpu_seconds, cpu_seconds * 720, 12};
  out.first = out.found;
  return out;
}

}  // namespace

TEST_CASE("a search is read back as it was written, and nothing else is taken for one") {
  Search one = found("a", 3, 1.5);
  one.first = Sighting{"raft", 4, 0.5, 50, 4};
  const std::optional<Search> read = from_line(to_line(one));
  REQUIRE(read.has_value());
  CHECK_EQ(to_line(*read), to_line(one));
  CHECK_EQ(read->found->seed, 12);
  CHECK_EQ(read->first->oracle, "raft");
  const std::optional<Search> in_vain = from_line(to_line(search("a", 3, 9)));
  REQUIRE(in_vain.has_value());
  CHECK_FALSE(in_vain->found.has_value());
  for (const char* line : {"", "{}", "[1]", "{\"bug\":"}) CHECK_FALSE(from_line(line).has_value());
}

TEST_CASE("what is done is not done again, unless the patch has changed or could not be tried") {
  std::vector<Search> searches = {found("a", 1, 1), search("b", 1, 1)};
  searches[1].trouble = "does not build";
  CHECK_NE(find(searches, "a", "p", 1), nullptr);
  CHECK_EQ(find(searches, "a", "p", 2), nullptr);
  CHECK_EQ(find(searches, "a", "q", 1), nullptr);
  CHECK_EQ(find(searches, "b", "p", 1), nullptr);
}

TEST_CASE("a row has the median and the most, and a search in vain is worse than any other") {
  std::vector<Search> searches = {found("a", 1, 4), found("a", 2, 0.01), search("a", 3, 300), found("b", 1, 2), found("c", 1, 0.01)};
  searches[0].first = Sighting{"raft", 1, 1, 100, 1};
  CHECK_EQ(table(searches),
           "| planted mistake | from | scenario | oracle | found | median CPU-s | most | simulated h | seeds | first seen by another |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
           "| a | an issue | cluster | votes | 2 of 3 | 4.0 | - | 0.80 | 12 | raft 1 |\n"
           "| b | an issue | cluster | votes | 1 of 1 | 2.0 | 2.0 | 0.40 | 12 |  |\n"
           "| c | an issue | cluster | votes | 1 of 1 | < 0.05 | < 0.05 | < 0.005 | 12 |  |\n");
  searches[2].trouble = "does not build";
  CHECK(table(searches).find("| a | an issue | cluster | votes | does not build | | | | | |\n") != std::string::npos);
}

}  // namespace lockstep
