// Who decides, and how that may change: each rule with a history that keeps it and those that break it.
#include "sim/configurations.h"

#include <doctest/doctest.h>

#include "sim/configuration_oracle.h"
#include "sim/test_events.h"

namespace sim {

namespace {

struct FoundedGroup {
  explicit FoundedGroup(std::string_view members = "m1 m2 m3") : group(raft::encode(group_of(members))), configurations(logs, founders_of(members), findings) {
    for (const std::string& name : founders_of(members).voters) say(name, recovered({}, 0));
  }
  void hear(std::string_view member, const io::Event& event) {
    const io::Event told = told_by(member, event, group);
    logs.on_event(member, told);
    configurations.on_event(member, told);
    committed.on_event(member, told);
    oracle.on_event(member, told);
  }
  void say(std::string_view member, const io::Event& event) {
    hear(member, event);
    oracle.on_turn_end();
  }
  void append(std::string_view member, std::uint64_t term, std::uint64_t index) { say(member, appended(term, index)); }
  void change(std::string_view member, std::uint64_t term, std::uint64_t index, std::string_view members) {
    const std::string bytes = raft::encode(group_of(members));
    say(member, io::Appended{id(term, index), base::EntryKind::configuration, bytes});
  }
  void commit(std::string_view member, std::uint64_t term, std::uint64_t index) { say(member, io::Committed{id(term, index)}); }
  // m1 leads term 1 and has committed its first entry.
  void begin() {
    append("m1", 1, 1);
    commit("m1", 1, 1);
  }
  // One change after the other, each committed before the next is proposed, from index 2 on.
  void go(std::vector<std::string_view> changes) {
    std::uint64_t index = 2;
    for (const std::string_view members : changes) {
      change("m1", 1, index, members);
      commit("m1", 1, index++);
    }
  }
  std::string found() const { return findings.is_clean() ? std::string() : findings.verdict().oracle; }

  const std::string group;
  Findings findings;
  GroupLog logs{findings};
  Configurations configurations;
  CommittedLog committed{logs, configurations, findings, nullptr};
  ConfigurationOracle oracle{configurations, committed, findings};
};

std::set<base::MemberId> ids(std::string_view names) {
  std::set<base::MemberId> out;
  for (const raft::Member& member : group_of(names).members) out.insert(member.id);
  return out;
}

}  // namespace

TEST_CASE("a quorum is a majority of who votes, of both sides while the group is joint") {
  struct Case {
    std::string_view group, yes;
    bool is_quorum;
  };
  const Case cases[] = {
      {"m1", "m1", true},
      {"m1", "m2", false},
      {"m1 m2", "m1", false},
      {"m1 m2 m3", "m1 m3", true},
      {"m1 m2 m3?", "m1 m3", false},
      {"m1 m2 m3 m4", "m1 m2", false},
      {"m1- m2", "m2", false},
      {"m1- m2", "m1", false},
      {"m1- m2", "m1 m2", true},
      {"m1+ m2+ m3+ m4 m5", "m1 m2 m4", true},
      {"m1+ m2+ m3+ m4 m5", "m1 m4 m5", false},
      {"m1+ m2+ m3+ m4 m5", "m1 m2", false},
      {"m1+ m2- m3- m4 m5 m6", "m1 m4 m5", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.group);
    CAPTURE(c.yes);
    CHECK_EQ(is_quorum(group_of(c.group), ids(c.yes)), c.is_quorum);
  }
}

TEST_CASE("which group a member goes by is read off its log") {
  FoundedGroup group;
  group.begin();
  group.change("m1", 1, 2, "m1 m2 m3 m4?");
  const auto newest = [&](std::string_view member) { return group.configurations.newest(member)->configuration; };
  CHECK((newest("m1") == group_of("m1 m2 m3 m4?")));
  CHECK((newest("m2") == group_of("m1 m2 m3")));
  CHECK((group.configurations.at("m1", base::LogIndex(1))->id == base::EntryId()));
  CHECK_EQ(group.configurations.above("m1", base::LogIndex(1)).size(), 1);
  CHECK_EQ(group.configurations.above("m2", base::LogIndex(0)).size(), 0);
  SUBCASE("an entry that is replaced has been in force for a while") {
    group.append("m1", 2, 2);
    CHECK((newest("m1") == group_of("m1 m2 m3")));
    CHECK((group.configurations.committed()->id == base::EntryId()));
  }
  SUBCASE("one that is committed stays") {
    group.commit("m1", 1, 2);
    CHECK((group.configurations.committed()->id == id(1, 2)));
    group.append("m1", 1, 3);
    CHECK((newest("m1") == group_of("m1 m2 m3 m4?")));
  }
  CHECK(group.findings.is_clean());
}

TEST_CASE("the founders are who they are said to be, and agree on it") {
  Findings findings;
  GroupLog logs(findings);
  Configurations configurations(logs, founders_of("m1 m2 m3?"), findings);
  const auto begin = [&](std::string_view member, std::string_view members) {
    configurations.on_event(member, told_by(member, recovered({}, 0), raft::encode(group_of(members))));
    return findings.is_clean();
  };
  REQUIRE(begin("m1", "m1 m2 m3?"));
  SUBCASE("the same") { CHECK(begin("m2", "m1 m2 m3?")); CHECK(begin("m3", "m1 m2 m3?")); }
  SUBCASE("a learner that thinks it votes") { CHECK_FALSE(begin("m3", "m1 m2? m3")); }
  SUBCASE("one more") { CHECK_FALSE(begin("m2", "m1 m2 m3? m4?")); }
  SUBCASE("who comes later may begin with anything") { CHECK(begin("m4", "m1 m2 m3? m4")); }
  SUBCASE("two of one id") {
    io::Recovered event = recovered({}, 0);
    event.self = member_id("m1");
    configurations.on_event("m2", event);
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("another one on a new disk is somebody else") {
    configurations.on_wipe("m1");
    CHECK(configurations.names().empty());
    io::Recovered event = recovered({}, 0);
    event.self = base::MemberId(9);
    const std::string members = raft::encode(group_of("m2 m9"));
    event.configuration = members;
    configurations.on_event("m1", event);
    CHECK(findings.is_clean());
    CHECK_EQ(configurations.id_of("m1"), base::MemberId(9));
    SUBCASE("and the old one is not any more") {
      event.self = base::MemberId(1);
      configurations.on_event("m1", event);
      CHECK_FALSE(findings.is_clean());
    }
  }
}

TEST_CASE("changes go one step at a time") {
  FoundedGroup group;
  group.begin();
  SUBCASE("learners and what is said of members in one step") { group.go({"m1 m2 m3 m4?", "m1 m2 m3", "m1 m2 m3 m5? m6?"}); }
  SUBCASE("voters by way of a joint group") { group.go({"m1 m2 m3 m4?", "m1+ m2+ m3+ m4", "m1 m2 m3 m4", "m1+ m2+ m3+ m4-", "m1 m2 m3"}); }
  SUBCASE("several at once") { group.go({"m1- m2- m3+ m4 m5", "m3 m4 m5"}); }
  CHECK(group.findings.is_clean());
  group.oracle.at_end();
  CHECK(group.findings.is_clean());
}

TEST_CASE("and never in a step whose majorities need not meet") {
  FoundedGroup group;
  group.begin();
  SUBCASE("a voter more") { group.go({"m1 m2 m3 m4"}); }
  SUBCASE("a joint group of others than the old voters") { group.go({"m1+ m2+ m4"}); }
  SUBCASE("a joint group that leads elsewhere") { group.go({"m1+ m2+ m3+ m4", "m1 m2 m3 m5"}); }
  SUBCASE("from one joint group to another") { group.go({"m1+ m2+ m3+ m4", "m1+ m2+ m3+ m5"}); }
  CHECK_EQ(group.found(), ConfigurationOracle::kName);
}

TEST_CASE("nobody proposes a change before the one before it is committed") {
  FoundedGroup group;
  group.begin();
  group.change("m1", 1, 2, "m1 m2 m3 m4?");
  REQUIRE(group.findings.is_clean());
  SUBCASE("as it was not") {
    group.change("m1", 1, 3, "m1 m2 m3");
    CHECK_EQ(group.found(), ConfigurationOracle::kName);
  }
  SUBCASE("the commit may be told in the same turn, behind it") {
    const std::string bytes = group.group;
    group.hear("m1", io::Appended{id(1, 3), base::EntryKind::configuration, bytes});
    group.hear("m1", io::Committed{id(1, 2)});
    group.oracle.on_turn_end();
    CHECK(group.findings.is_clean());
  }
  SUBCASE("others repeat what was proposed before they know that it is committed") {
    group.commit("m1", 1, 2);
    group.change("m1", 1, 3, "m1 m2 m3");
    group.append("m2", 1, 1);
    group.change("m2", 1, 2, "m1 m2 m3 m4?");
    group.change("m2", 1, 3, "m1 m2 m3");
    CHECK(group.findings.is_clean());
  }
}

TEST_CASE("nor before an entry of its own term is (Ongaro's erratum of 2015)") {
  FoundedGroup group;
  group.begin();
  group.append("m2", 1, 1);
  SUBCASE("as it was not") {
    group.append("m2", 2, 2);
    group.change("m2", 2, 3, "m1 m2 m3 m4?");
    CHECK_EQ(group.found(), ConfigurationOracle::kName);
  }
  SUBCASE("as it was, and another leader has committed since, of whom it has not heard") {
    group.append("m2", 2, 2);
    group.commit("m2", 1, 1);
    group.commit("m2", 2, 2);
    group.append("m3", 1, 1);
    group.append("m3", 2, 2);
    group.append("m3", 3, 3);
    for (std::uint64_t index = 1; index <= 3; ++index) group.commit("m3", index, index);
    group.append("m2", 2, 3);
    group.change("m2", 2, 4, "m1 m2 m3 m4?");
    CHECK(group.findings.is_clean());
  }
  SUBCASE("as it was") {
    group.append("m2", 2, 2);
    group.commit("m2", 1, 1);
    group.commit("m2", 2, 2);
    group.change("m2", 2, 3, "m1 m2 m3 m4?");
    CHECK(group.findings.is_clean());
  }
}

TEST_CASE("a snapshot says of the group what was in force at its index, and so does a log without its beginning") {
  FoundedGroup group;
  group.begin();
  group.go({"m1 m2 m3 m4?", "m1+ m2+ m3+ m4", "m1 m2 m3 m4"});
  group.append("m1", 1, 5);
  group.commit("m1", 1, 5);
  REQUIRE(group.findings.is_clean());
  struct Case {
    std::uint64_t index;
    std::string_view group;
    bool good;
  };
  const Case cases[] = {{1, "m1 m2 m3", true},           {2, "m1 m2 m3 m4?", true}, {3, "m1+ m2+ m3+ m4", true}, {5, "m1 m2 m3 m4", true},
                        {2, "m1 m2 m3", false},          {3, "m1 m2 m3 m4", false}, {4, "m1+ m2+ m3+ m4", false}, {5, "m1 m2 m3 m4?", false}};
  for (const bool is_restart : {false, true}) {
    for (const Case& c : cases) {
      CAPTURE(c.index);
      CAPTURE(c.group);
      Findings findings;
      ConfigurationOracle oracle(group.configurations, group.committed, findings);
      const std::string bytes = raft::encode(group_of(c.group));
      io::Event event = io::LogReplaced{id(1, c.index), bytes};
      if (is_restart) {
        io::Recovered recovery = recovered(id(1, c.index), c.index);
        recovery.first_kept = base::LogIndex(c.index + 1);
        recovery.self = member_id("m2");
        recovery.configuration = bytes;
        event = recovery;
      }
      group.logs.on_event("m2", event);
      oracle.on_event("m2", event);
      CHECK_EQ(findings.is_clean(), c.good);
    }
  }
}

TEST_CASE("who came later goes by the group of then, until its log tells of a change; a snapshot from it does not") {
  FoundedGroup group;
  group.begin();
  const auto come_back = [&](std::string_view with, std::uint64_t first_kept) {
    const std::string bytes = raft::encode(group_of(with));
    io::Recovered event = recovered(id(1, 1), 1);
    event.first_kept = base::LogIndex(first_kept);
    event.self = member_id("m4");
    event.configuration = bytes;
    group.say("m4", event);
    return group.findings.is_clean();
  };
  REQUIRE(come_back("m1 m2 m3 m4?", 1));
  SUBCASE("as it was") { CHECK(come_back("m1 m2 m3 m4?", 2)); }
  SUBCASE("another one") { CHECK_FALSE(come_back("m1 m2 m4", 2)); }
  SUBCASE("for others it is wrong") {
    const std::string bytes = raft::encode(group_of("m1 m2 m3 m4?"));
    group.oracle.on_event("m4", io::LogReplaced{id(1, 1), bytes});
    CHECK_EQ(group.found(), ConfigurationOracle::kName);
  }
}

TEST_CASE("a joint group is left in the end") {
  FoundedGroup group;
  group.begin();
  group.go({"m1+ m2+ m3+ m4"});
  group.oracle.at_end();
  CHECK_EQ(group.found(), ConfigurationOracle::kName);
  CHECK_EQ(group.findings.verdict().kind, VerdictKind::liveness);
}

}  // namespace sim
