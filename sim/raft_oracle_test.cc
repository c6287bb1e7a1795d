#include "sim/raft_oracle.h"

#include <doctest/doctest.h>

#include "sim/test_events.h"

namespace sim {

namespace {

// Three members whose events go to the oracles in the engine's order. Each call is a turn of its own.
struct RaftGroup {
  RaftGroup() {
    for (const char* name : {"m1", "m2", "m3"}) start(name);
  }
  void start(std::string_view name) {
    committed.on_start(name);
    oracle.on_start(name);
  }
  void hear(std::string_view name, const io::Event& event) {
    const io::Event told = told_by(name, event, group);
    logs.on_event(name, told);
    configurations.on_event(name, told);
    committed.on_event(name, told);
    oracle.on_event(name, told);
  }
  void say(std::string_view name, const io::Event& event) {
    hear(name, event);
    oracle.on_turn_end();
  }
  void lead(std::string_view name, std::uint64_t term) { say(name, io::PartTaken{base::Term(term), io::Part::leader, member_id(name), member_id(name)}); }
  void follow(std::string_view name, std::uint64_t term, std::string_view leader) {
    say(name, io::PartTaken{base::Term(term), io::Part::follower, member_id(name), leader.empty() ? base::MemberId::none : member_id(leader)});
  }
  void stand(std::string_view name, std::uint64_t term) {
    say(name, io::PartTaken{base::Term(term), io::Part::candidate, member_id(name), base::MemberId::none});
  }
  void append(std::string_view name, std::uint64_t term, std::uint64_t index) { say(name, appended(term, index)); }
  void commit(std::string_view name, std::uint64_t term, std::uint64_t index) { say(name, io::Committed{id(term, index)}); }
  void restart(std::string_view name, base::EntryId last, std::uint64_t applied) {
    oracle.on_crash(name);
    start(name);
    say(name, recovered(last, applied));
  }
  // m1 leads term 1 and has committed (1, 1) and (1, 2) with m2.
  void begin() {
    lead("m1", 1);
    follow("m2", 1, "m1");
    follow("m3", 1, "m1");
    for (const char* name : {"m1", "m2"}) {
      append(name, 1, 1);
      append(name, 1, 2);
    }
    commit("m1", 1, 1);
    commit("m1", 1, 2);
    commit("m2", 1, 1);
    REQUIRE(findings.is_clean());
  }
  std::string found() const { return findings.is_clean() ? std::string() : findings.verdict().oracle; }

  Findings findings;
  GroupLog logs{findings};
  const std::string group = raft::encode(group_of("m1 m2 m3"));
  Configurations configurations{logs, founders_of("m1 m2 m3"), findings};
  CommittedLog committed{logs, configurations, findings, nullptr};
  RaftOracle oracle{logs, committed, findings};
};

}  // namespace

TEST_CASE("election safety: one leader per term, and it is the one that is followed") {
  RaftGroup group;
  group.begin();
  CHECK(group.oracle.is_leader("m1"));
  CHECK_EQ(group.oracle.leader_of("m1"), "m1");
  CHECK_EQ(group.oracle.leader_of("m3"), "m1");
  SUBCASE("another one in a later term") {
    group.stand("m2", 2);
    group.lead("m2", 2);
    group.follow("m1", 2, "m2");
    CHECK(group.findings.is_clean());
    CHECK_FALSE(group.oracle.is_leader("m1"));
    group.follow("m3", 2, "");
    CHECK_EQ(group.oracle.leader_of("m3"), "");
  }
  SUBCASE("another one in the same term") { group.lead("m2", 1); CHECK_EQ(group.found(), RaftOracle::kName); }
  SUBCASE("somebody follows another one") { group.follow("m3", 1, "m2"); CHECK_EQ(group.found(), RaftOracle::kName); }
  SUBCASE("somebody follows in a term that nobody won") { group.follow("m3", 2, "m1"); CHECK_EQ(group.found(), RaftOracle::kName); }
  SUBCASE("the same one after a crash: nobody elected it again") {
    group.restart("m1", id(1, 2), 0);
    CHECK_FALSE(group.oracle.is_leader("m1"));
    group.lead("m1", 1);
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
  SUBCASE("or after it had stepped down") {
    group.follow("m1", 1, "");
    group.lead("m1", 1);
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
}

TEST_CASE("leader append-only: a leader only adds entries of its term to its log") {
  RaftGroup group;
  group.begin();
  group.append("m1", 1, 3);
  REQUIRE(group.findings.is_clean());
  SUBCASE("it replaces one") { group.append("m1", 1, 3); CHECK_EQ(group.found(), RaftOracle::kName); }
  SUBCASE("it takes one of a later term") { group.append("m1", 2, 4); CHECK_EQ(group.found(), RaftOracle::kName); }
  SUBCASE("a snapshot is not for it") {
    group.oracle.on_event("m1", io::LogReplaced{id(1, 3), {}});
    group.oracle.on_turn_end();
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
  SUBCASE("in the turn in which it steps down it may say so last") {
    group.lead("m2", 2);
    group.hear("m1", appended(2, 3));
    group.hear("m1", io::PartTaken{base::Term(2), io::Part::follower, member_id("m1"), member_id("m2")});
    group.oracle.on_turn_end();
    CHECK(group.findings.is_clean());
  }
}

TEST_CASE("leader completeness: who is elected has everything that was committed") {
  RaftGroup group;
  group.begin();
  SUBCASE("as m2 has") { group.lead("m2", 2); CHECK(group.findings.is_clean()); }
  SUBCASE("and m3 has not") { group.lead("m3", 2); CHECK_EQ(group.found(), RaftOracle::kName); }
  SUBCASE("nor has one with another entry there") {
    group.append("m3", 1, 1);
    group.append("m3", 2, 2);
    group.lead("m3", 3);
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
  SUBCASE("its own first entry may come before the news") {
    group.hear("m2", appended(2, 3));
    group.hear("m2", io::PartTaken{base::Term(2), io::Part::leader, member_id("m2"), member_id("m2")});
    group.oracle.on_turn_end();
    CHECK(group.findings.is_clean());
  }
  SUBCASE("what a later term has committed nobody needs who is late in an earlier one") {
    // m3 campaigned in term 2, was overtaken by term 3, and learns of its votes only now.
    group.lead("m2", 3);
    group.follow("m1", 3, "m2");
    group.append("m2", 3, 3);
    group.append("m1", 3, 3);
    group.commit("m2", 1, 2);
    group.commit("m2", 3, 3);
    REQUIRE(group.findings.is_clean());
    group.append("m3", 1, 1);
    group.append("m3", 1, 2);
    SUBCASE("with what was committed before it") { group.lead("m3", 2); CHECK(group.findings.is_clean()); }
    SUBCASE("but of a later term everything") { group.lead("m3", 4); CHECK_EQ(group.found(), RaftOracle::kName); }
  }
}

TEST_CASE("a leader commits entries of earlier terms only together with one of its own (Raft §5.4.2, figure 8)") {
  RaftGroup group;
  group.begin();
  group.append("m2", 1, 3);
  group.append("m3", 1, 1);
  group.append("m3", 1, 2);
  group.append("m3", 1, 3);
  group.lead("m2", 2);
  group.append("m2", 2, 4);
  group.commit("m2", 1, 2);
  REQUIRE(group.findings.is_clean());
  SUBCASE("alone") {
    group.commit("m2", 1, 3);
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
  SUBCASE("together") {
    group.hear("m2", io::Committed{id(1, 3)});
    group.hear("m2", io::Committed{id(2, 4)});
    group.oracle.on_turn_end();
    CHECK(group.findings.is_clean());
  }
  SUBCASE("a follower is never first") {
    group.commit("m3", 1, 1);
    group.commit("m3", 1, 2);
    REQUIRE(group.findings.is_clean());
    group.commit("m3", 1, 3);
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
}

TEST_CASE("terms never fall, and what binds survives a crash") {
  RaftGroup group;
  group.begin();
  SUBCASE("within a life") {
    group.stand("m3", 5);
    group.follow("m3", 4, "");
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
  SUBCASE("a candidacy that nobody heard of may be forgotten") {
    group.stand("m3", 5);
    group.restart("m3", {}, 0);
    group.follow("m3", 1, "m1");
    CHECK(group.findings.is_clean());
  }
  SUBCASE("having led may not") {
    group.lead("m2", 5);
    group.restart("m2", id(1, 2), 0);
    group.stand("m2", 4);
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
  SUBCASE("nor may the term of what is in the log") {
    group.lead("m2", 5);
    group.append("m3", 5, 1);
    group.restart("m3", id(5, 1), 0);
    group.follow("m3", 1, "m1");
    CHECK_EQ(group.found(), RaftOracle::kName);
  }
}

}  // namespace sim
