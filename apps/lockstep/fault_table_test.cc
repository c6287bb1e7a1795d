#include "apps/lockstep/fault_table.h"

#include <doctest/doctest.h>

#include "io/sim/faults.h"

namespace lockstep {

namespace {

std::vector<Bug> bugs() {
  return {bug_of("sim/bugs/one.patch", "Bug: x\nIssue: y\nOracle: votes\nFault: pause\n\ndiff --git a/f b/f\n+Fault: network_slow\n"),
          bug_of("two.patch", "Bug: x\nOracle: raft\nScenario: cluster\n\ndiff --git a/f b/f\n"),
          bug_of("three.patch", "Bug: x\nFault: pause\n")};
}

std::string document(const std::vector<Bug>& planted) {
  const Batch batch{"single", 1, 9, {{"pause", 17}}};
  const std::string empty = "before\n<!-- written by `lockstep faults` -->\n<!-- end of what it writes -->\nafter\n";
  return with_table(empty, fault_table({batch}, planted)).value_or("no marks");
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a patch says what it is before its first file, and nothing behind that counts") {
  CHECK_EQ(bugs()[0].name, "one");
  CHECK_EQ(bugs()[0].fault, "pause");
  CHECK_EQ(bugs()[0].oracle, "votes");
  CHECK_EQ(bugs()[0].scenario, "single");
  CHECK_EQ(bugs()[1].scenario, "cluster");
  CHECK_EQ(bugs()[1].fault, "");
}

TEST_CASE("the table has every kind, its count and what is found only with it") {
  const std::string text = document(bugs());
  CHECK_EQ(text.substr(0, 7), "before\n");
  CHECK_NE(text.find("| pause | a process stands still while its clock goes on | 17 | `one`, `three` |\n"), std::string::npos);
  CHECK_NE(text.find("| 0 | none yet |\n"), std::string::npos);
  CHECK(objections(text, bugs()).empty());
  // Written again it takes the place of itself.
  CHECK_EQ(with_table(text, "x\n"), "before\n<!-- written by `lockstep faults` -->\nx\n<!-- end of what it writes -->\nafter\n");
}

TEST_CASE("a table that lacks a kind, or has one too many, or names what is not planted, is objected to") {
  const std::string good = document(bugs());
  CHECK_EQ(objections(replaced(good, "| clock_jump |", "| clock_hop |"), bugs()).size(), 2);
  CHECK_EQ(objections(replaced(good, "`one`, ", "`four`, "), bugs()).size(), 1);
  CHECK_EQ(objections(replaced(good, "a process stands still", "a process lies down"), bugs()).size(), 1);
  std::vector<Bug> fewer = bugs();
  fewer.pop_back();
  CHECK_EQ(objections(good, fewer).size(), 1);
  std::vector<Bug> more = bugs();
  more[1].fault = "nobody_knows";
  CHECK_EQ(objections(good, more).size(), 1);
  CHECK_EQ(objections("no table\n", bugs()).size(), 1);
  CHECK_FALSE(with_table("no table\n", "x"));
}

TEST_CASE("a summary of a batch is read, and one that did without some kinds does not count") {
  const std::string summary = R"({"scenario": "rot", "first_seed": 3, "last_seed": 5, "without": [], "faults": {"pause": 2}})";
  const std::optional<Batch> batch = batch_of(summary);
  REQUIRE(batch);
  CHECK_EQ(batch->scenario, "rot");
  CHECK_EQ(batch->faults.at("pause"), 2);
  CHECK_FALSE(batch_of(replaced(summary, "[]", R"(["pause"])")));
  CHECK_FALSE(batch_of("{}"));
  CHECK_FALSE(batch_of("["));
}

TEST_CASE("parts of a batch are one, and nothing else is") {
  const Batch parts[] = {{"rot", 1, 5, {{"pause", 2}}}, {"rot", 6, 9, {{"pause", 1}, {"disk_slow", 4}}}, {"rot", 11, 12, {}}, {"single", 13, 14, {}}};
  const std::vector<Batch> out = joined({std::begin(parts), std::end(parts)});
  REQUIRE_EQ(out.size(), 3);
  CHECK_EQ(out[0].first_seed, 1);
  CHECK_EQ(out[0].last_seed, 9);
  CHECK((out[0].faults == std::map<std::string, std::uint64_t>{{"disk_slow", 4}, {"pause", 3}}));
  CHECK_EQ(out[1].first_seed, 11);
  CHECK_EQ(out[2].scenario, "single");
}

}  // namespace lockstep
