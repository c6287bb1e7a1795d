// The oracles of the log and the state: each is fed a good run and the runs that it exists to catch.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/committed_log.h"
#include "sim/group_log.h"
#include "sim/state_oracle.h"
#include "sim/test_events.h"

namespace sim {

namespace {

// The log oracles of a group, told of everything in the engine's order.
struct OraclesFixture {
  explicit OraclesFixture(std::string_view members = "m1") : group(raft::encode(group_of(members))), configurations(logs, founders_of(members), findings) {
    for (const std::string& name : founders_of(members).voters) say(name, recovered({}, 0));
  }
  void say(std::string_view member, const io::Event& event) {
    const io::Event told = told_by(member, event, group);
    logs.on_event(member, told);
    configurations.on_event(member, told);
    committed.on_event(member, told);
  }
  void append(std::string_view member, std::uint64_t term, std::uint64_t index) { say(member, appended(term, index)); }
  void commit(std::string_view member, std::uint64_t term, std::uint64_t index) { say(member, io::Committed{id(term, index)}); }
  void restart(std::string_view member, base::EntryId last, std::uint64_t applied) {
    committed.on_start(member);
    say(member, recovered(last, applied));
  }

  const std::string group;
  Findings findings;
  GroupLog logs{findings};
  Configurations configurations;
  CommittedLog committed{logs, configurations, findings, nullptr};
};

template <typename Judge>
void say(Judge& oracle, const io::Event& event) {
  oracle.on_event("m1", event);
}

}  // namespace

TEST_CASE("committed entries: the ledger catches a log that forgets or changes what was committed") {
  OraclesFixture group;
  for (std::uint64_t i = 1; i <= 3; ++i) group.append("m1", 1, i);
  for (std::uint64_t i = 1; i <= 3; ++i) group.commit("m1", 1, i);
  REQUIRE(group.findings.is_clean());
  CHECK_EQ(group.committed.last_index(), base::LogIndex(3));

  SUBCASE("coming back whole is fine") {
    group.restart("m1", id(1, 3), 1);
    group.commit("m1", 1, 2);
    group.commit("m1", 1, 3);
    CHECK(group.findings.is_clean());
  }
  SUBCASE("a shorter log is not") {
    group.restart("m1", id(1, 2), 1);
    CHECK_EQ(group.findings.verdict().oracle, CommittedLog::kName);
  }
  SUBCASE("another entry in its place is not") {
    group.append("m1", 2, 3);
    group.restart("m1", id(2, 3), 1);
    CHECK_EQ(group.findings.verdict().oracle, CommittedLog::kName);
  }
  SUBCASE("nor is one hidden below the end") {
    group.append("m1", 2, 3);
    group.append("m1", 2, 4);
    group.restart("m1", id(2, 4), 1);
    CHECK_EQ(group.findings.verdict().oracle, CommittedLog::kName);
  }
  SUBCASE("nor is the same entry with other bytes") {
    group.restart("m1", id(1, 3), 2);
    group.say("m1", appended(1, 3, "other"));
    CHECK_EQ(group.findings.verdict().oracle, GroupLog::kName);
  }
  SUBCASE("nor a gap") {
    group.restart("m1", id(1, 3), 1);
    group.commit("m1", 1, 3);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("nor the commit of what was never appended") {
    group.restart("m1", id(1, 3), 3);
    group.commit("m1", 1, 4);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("nor that an entry takes effect before it is committed") {
    group.append("m1", 1, 4);
    group.say("m1", io::Applied{id(1, 4), hash(4), hash(104)});
    CHECK_FALSE(group.findings.is_clean());
  }
}

TEST_CASE("committed entries: members commit in any order, each what its own log has") {
  OraclesFixture group("m1 m2 m3");
  for (const char* member : {"m1", "m2"}) {
    for (std::uint64_t i = 1; i <= 3; ++i) group.append(member, 1, i);
  }
  group.commit("m1", 1, 1);
  group.commit("m2", 1, 1);
  group.commit("m2", 1, 2);
  group.commit("m1", 1, 2);
  REQUIRE(group.findings.is_clean());

  SUBCASE("a member that lags commits when it has the entries") {
    for (std::uint64_t i = 1; i <= 2; ++i) group.append("m3", 1, i);
    for (std::uint64_t i = 1; i <= 2; ++i) group.commit("m3", 1, i);
    CHECK(group.findings.is_clean());
    CHECK_EQ(group.committed.last_index(), base::LogIndex(2));
  }
  SUBCASE("and not before") {
    group.append("m3", 1, 1);
    group.commit("m3", 1, 1);
    group.commit("m3", 1, 2);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("of several members one may come back without what the others keep") {
    group.restart("m1", id(1, 1), 1);
    CHECK(group.findings.is_clean());
  }
  SUBCASE("two members commit different entries at one index") {
    group.commit("m1", 1, 3);
    group.append("m2", 2, 3);
    group.commit("m2", 2, 3);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("a member replaces what is committed, and commits what was") {
    group.append("m2", 2, 2);
    group.commit("m1", 1, 3);
    group.commit("m2", 1, 3);
    CHECK_FALSE(group.findings.is_clean());
  }
}

TEST_CASE("log matching: one entry, one content, one past") {
  OraclesFixture group("m1 m2 m3");
  for (std::uint64_t i = 1; i <= 3; ++i) group.append("m1", 1, i);
  group.append("m2", 1, 1);
  REQUIRE(group.findings.is_clean());
  const base::EntryId second = id(1, 2);
  CHECK_EQ(group.logs.term_at("m1", base::LogIndex(3)), base::Term(1));
  CHECK_EQ(group.logs.term_at("m2", base::LogIndex(3)), base::Term());
  REQUIRE(group.logs.find(second) != nullptr);

  SUBCASE("another member gets the same") {
    group.append("m2", 1, 2);
    CHECK(group.findings.is_clean());
  }
  SUBCASE("or something else of another term, in its place") {
    group.append("m2", 2, 2);
    group.append("m1", 2, 2);
    CHECK(group.findings.is_clean());
    CHECK((group.logs.last("m1") == id(2, 2)));
  }
  SUBCASE("other bytes") {
    group.say("m2", appended(1, 2, "other"));
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("another past") {
    group.append("m3", 0, 1);
    group.append("m3", 1, 2);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("a hole") {
    group.append("m2", 1, 3);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("a term that falls along the log") {
    group.append("m2", 0, 2);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("a crash takes what was only in memory: the log is again what it was before") {
    group.append("m1", 2, 2);
    group.append("m1", 2, 3);
    group.append("m1", 2, 4);
    group.restart("m1", id(1, 3), 0);
    for (std::uint64_t i = 1; i <= 3; ++i) CHECK_EQ(group.logs.term_at("m1", base::LogIndex(i)), base::Term(1));
    CHECK_EQ(group.logs.terms_up_to(id(2, 4), base::LogIndex(1)),
             std::vector{base::Term(1), base::Term(2), base::Term(2), base::Term(2)});
    CHECK(group.findings.is_clean());
  }
  SUBCASE("a log that comes back with what nobody wrote") {
    group.restart("m1", id(1, 4), 0);
    CHECK_FALSE(group.findings.is_clean());
  }
}

TEST_CASE("committed entries: a snapshot brings a member forward, to what is committed") {
  OraclesFixture group("m1 m2 m3");
  for (std::uint64_t i = 1; i <= 5; ++i) group.append("m1", i < 4 ? 1 : 2, i);
  for (std::uint64_t i = 1; i <= 4; ++i) group.commit("m1", i < 4 ? 1 : 2, i);
  group.append("m2", 1, 1);
  group.commit("m2", 1, 1);
  REQUIRE(group.findings.is_clean());
  const auto replace = [&](std::uint64_t term, std::uint64_t index) { group.say("m2", io::LogReplaced{id(term, index), {}}); };

  SUBCASE("behind it the log goes on") {
    replace(2, 4);
    CHECK_EQ(group.logs.term_at("m2", base::LogIndex(3)), base::Term(1));
    group.append("m2", 2, 5);
    group.commit("m1", 2, 5);
    group.commit("m2", 2, 5);
    group.say("m2", io::Applied{id(2, 5), hash(5), hash(105)});
    CHECK(group.findings.is_clean());
  }
  SUBCASE("and nowhere else") {
    replace(2, 4);
    group.append("m2", 2, 6);
    CHECK_EQ(group.findings.verdict().oracle, GroupLog::kName);
  }
  SUBCASE("what stood above is gone, and comes back with a crash that takes the snapshot") {
    group.append("m2", 1, 2);
    group.append("m2", 1, 3);
    replace(1, 2);
    CHECK((group.logs.last("m2") == id(1, 2)));
    group.restart("m2", id(1, 3), 1);
    CHECK_EQ(group.logs.term_at("m2", base::LogIndex(3)), base::Term(1));
    group.commit("m2", 1, 2);
    CHECK(group.findings.is_clean());
  }
  SUBCASE("a restart that finds it goes on from there") {
    group.restart("m2", id(2, 4), 4);
    group.append("m2", 2, 5);
    CHECK(group.findings.is_clean());
  }
  SUBCASE("of what was never committed") { replace(2, 5); CHECK_EQ(group.findings.verdict().oracle, CommittedLog::kName); }
  SUBCASE("with a term that the entry never had") { replace(2, 3); CHECK_EQ(group.findings.verdict().oracle, GroupLog::kName); }
  SUBCASE("of what it had committed itself") { replace(1, 1); CHECK_EQ(group.findings.verdict().oracle, CommittedLog::kName); }
  SUBCASE("nobody sends another") {
    group.say("m1", io::SnapshotBegun{base::MemberId(2), id(1, 3)});
    CHECK(group.findings.is_clean());
    group.say("m1", io::SnapshotBegun{base::MemberId(2), id(2, 3)});
    CHECK_EQ(group.findings.verdict().oracle, CommittedLog::kName);
  }
}

TEST_CASE("state hash: applied again must mean the same, and a store must hold what it says") {
  Findings findings;
  StateOracle oracle(findings);
  oracle.on_start("m1");
  for (std::uint64_t i = 1; i <= 3; ++i) say(oracle, io::Applied{id(1, i), hash(i), hash(100 + i)});
  say(oracle, io::StoreDurable{{base::StoreGeneration(1), base::LogIndex(2)}});
  REQUIRE(findings.is_clean());
  oracle.on_start("m1");
  const auto came_back = [](std::uint64_t applied, std::uint64_t state) { return recovered(id(1, 3), applied, hash(state)); };

  SUBCASE("the store as promised, and the rest applied again") {
    say(oracle, came_back(2, 102));
    say(oracle, io::Applied{id(1, 3), hash(3), hash(103)});
    CHECK(findings.is_clean());
  }
  SUBCASE("below the durable mark") {
    say(oracle, came_back(1, 101));
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("rows of another index") {
    say(oracle, came_back(2, 103));
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("an index that nobody reached") {
    say(oracle, came_back(4, 104));
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("another effect the second time") {
    say(oracle, came_back(2, 102));
    say(oracle, io::Applied{id(1, 3), hash(4), hash(103)});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("an entry applied twice") {
    say(oracle, came_back(2, 102));
    say(oracle, io::Applied{id(1, 2), hash(2), hash(102)});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("a mark beyond what was applied") {
    say(oracle, came_back(2, 102));
    say(oracle, io::StoreDurable{{base::StoreGeneration(1), base::LogIndex(3)}});
    CHECK_FALSE(findings.is_clean());
  }
}

TEST_CASE("state hash: every member goes through the same states") {
  Findings findings;
  StateOracle oracle(findings);
  for (std::uint64_t i = 1; i <= 3; ++i) oracle.on_event("m1", io::Applied{id(1, i), hash(i), hash(100 + i)});
  for (std::uint64_t i = 1; i <= 2; ++i) oracle.on_event("m2", io::Applied{id(1, i), hash(i), hash(100 + i)});
  REQUIRE(findings.is_clean());

  SUBCASE("and goes on with them") {
    oracle.on_event("m2", io::Applied{id(1, 3), hash(3), hash(103)});
    oracle.on_event("m2", io::Applied{id(1, 4), hash(4), hash(104)});
    CHECK(findings.is_clean());
  }
  SUBCASE("one is in another state") {
    oracle.on_event("m2", io::Applied{id(1, 3), hash(3), hash(999)});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("one comes back with an earlier one, and goes through them again") {
    oracle.on_start("m2");
    oracle.on_event("m2", recovered(id(1, 2), 1, hash(101)));
    oracle.on_event("m2", io::Applied{id(1, 2), hash(2), hash(102)});
    CHECK(findings.is_clean());
  }
}

TEST_CASE("state hash: nobody has a reason to refuse a snapshot that came undamaged") {
  Findings findings;
  StateOracle oracle(findings);
  say(oracle, recovered({}, 0));
  CHECK(findings.is_clean());
  CHECK_EQ(oracle.applied("m1"), base::LogIndex());
  say(oracle, io::SnapshotRefused{member_id("m2"), id(1, 3), "its rows do not add up"});
  CHECK_EQ(findings.verdict().oracle, StateOracle::kName);
  CHECK(findings.verdict().message.find("its rows do not add up") != std::string::npos);
}

TEST_CASE("state hash: a snapshot brings the state of its index, and is newer than what it replaces") {
  Findings findings;
  StateOracle oracle(findings);
  for (const char* member : {"m1", "m2"}) oracle.on_start(member);
  for (std::uint64_t i = 1; i <= 4; ++i) oracle.on_event("m1", io::Applied{id(1, i), hash(i), hash(100 + i)});
  oracle.on_event("m2", io::Applied{id(1, 1), hash(1), hash(101)});
  const auto install = [&](std::uint64_t generation, std::uint64_t index, std::uint64_t state) {
    oracle.on_event("m2", io::Installed{id(1, index), {base::StoreGeneration(generation), base::LogIndex(index)}, hash(state)});
  };
  oracle.on_event("m2", io::StoreDurable{{base::StoreGeneration(1), base::LogIndex(1)}});
  REQUIRE(findings.is_clean());

  SUBCASE("and it goes on from there") {
    install(2, 3, 103);
    oracle.on_event("m2", io::Applied{id(1, 4), hash(4), hash(104)});
    CHECK(findings.is_clean());
    SUBCASE("a crash does not take it back") {
      oracle.on_start("m2");
      io::Recovered came_back = recovered(id(1, 4), 1, hash(101));
      oracle.on_event("m2", came_back);
      CHECK_FALSE(findings.is_clean());
    }
  }
  SUBCASE("other rows") { install(2, 3, 104); CHECK_FALSE(findings.is_clean()); }
  SUBCASE("in place of the store that is open") { install(1, 3, 103); CHECK_FALSE(findings.is_clean()); }
  SUBCASE("of an index that it has passed") {
    for (std::uint64_t i = 2; i <= 3; ++i) oracle.on_event("m2", io::Applied{id(1, i), hash(i), hash(100 + i)});
    install(2, 3, 103);
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("of an index that nobody has reached") { install(2, 5, 105); CHECK_FALSE(findings.is_clean()); }
  SUBCASE("on a new disk everything begins again") {
    install(2, 3, 103);
    oracle.on_wipe("m2");
    oracle.on_start("m2");
    oracle.on_event("m2", recovered({}, 0));
    oracle.on_event("m2", io::Applied{id(1, 1), hash(1), hash(101)});
    CHECK(findings.is_clean());
  }
}

}  // namespace sim
