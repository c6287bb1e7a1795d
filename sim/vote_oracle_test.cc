#include "sim/vote_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/test_events.h"

namespace sim {

namespace {

struct VotingWorld final : Truth {
  explicit VotingWorld(std::string_view members = "m1 m2 m3") : group(raft::encode(group_of(members))), configurations(logs, founders_of(members), findings) {
    for (const char* name : {"m1", "m2", "m3", "m4"}) say(name, recovered({}, 0));
  }
  void say(std::string_view member, const io::Event& event) {
    const io::Event told = told_by(member, event, group);
    logs.on_event(member, told);
    configurations.on_event(member, told);
    oracle.on_event(member, told);
  }
  // The group is another one in m1's log.
  void change(std::uint64_t index, std::string_view members) {
    const std::string bytes = raft::encode(group_of(members));
    say("m1", io::Appended{id(1, index), base::EntryKind::configuration, bytes});
  }
  base::Duration now() const override { return {}; }
  std::string durable_bytes(std::string_view member, std::string_view, std::uint64_t offset, std::uint64_t size) const override {
    const auto found = disks.find(member);
    if (found == disks.end()) return {};
    return found->second.substr(std::min<std::uint64_t>(offset, found->second.size()), size);
  }
  bool is_store_durable(std::string_view, base::StoreGeneration) const override { return true; }
  void write(std::string_view member, std::uint64_t term, std::uint64_t vote, std::string_view bytes) {
    say(member, io::WroteVote{"wal/1.log", 0, bytes, base::Term(term), base::MemberId(vote)});
  }
  void sync(std::string_view member) { say(member, io::LogSynced{}); }
  // A vote in term 5 for member 1, which reaches the disk.
  void vote(std::string_view member) {
    write(member, 5, 1, "vote");
    disks[std::string(member)] = "vote";
  }
  bool lead(std::uint64_t term = 5) {
    say("m1", io::PartTaken{base::Term(term), io::Part::leader, base::MemberId(1), base::MemberId(1)});
    return findings.is_clean();
  }

  std::map<std::string, std::string, std::less<>> disks;
  const std::string group;
  Findings findings;
  GroupLog logs{findings};
  Configurations configurations;
  VoteOracle oracle{*this, configurations, findings};
};

}  // namespace

TEST_CASE("a leader with the durable votes of a quorum is fine") {
  VotingWorld world;
  world.vote("m1");
  world.vote("m2");
  CHECK(world.lead());
}

TEST_CASE("a vote that is only on its way to the disk does not count, whatever the member says") {
  VotingWorld world;
  world.vote("m1");
  world.write("m2", 5, 1, "vote");
  world.sync("m2");
  CHECK_FALSE(world.lead());
  CHECK_EQ(world.findings.verdict().oracle, VoteOracle::kName);
}

TEST_CASE("nor does one for another, or in an earlier term, or of who has no vote") {
  struct Case {
    std::uint64_t term, vote;
    const char* voter;
  };
  for (const Case& c : {Case{5, 3, "m2"}, Case{4, 1, "m2"}, Case{5, 1, "m4"}}) {
    CAPTURE(c.term);
    CAPTURE(c.vote);
    VotingWorld world;
    world.vote("m1");
    world.write(c.voter, c.term, c.vote, "other");
    world.disks[c.voter] = "other";
    CHECK_FALSE(world.lead());
  }
}

TEST_CASE("who has gone on to a later term cannot vote again in this one") {
  VotingWorld world;
  world.vote("m1");
  world.write("m3", 6, 0, "later");
  world.disks["m3"] = "later";
  CHECK(world.lead());
}

TEST_CASE("what was durable once stays so when its place is used again") {
  VotingWorld world;
  world.vote("m1");
  world.vote("m2");
  world.sync("m2");
  world.disks["m2"] = "used";
  CHECK(world.lead());
}

TEST_CASE("the candidate's own log says whose votes count") {
  struct Case {
    const char* name;
    std::string_view group;
    std::vector<const char*> votes;
    bool is_enough;
  };
  const Case cases[] = {
      {"two of three", "m1 m2 m3", {"m1", "m2"}, true},
      {"a learner counts in nothing", "m1 m2 m3?", {"m1", "m3"}, false},
      {"one that is new", "m1 m2 m3 m4", {"m1", "m2", "m4"}, true},
      {"joint: the old ones alone", "m1+ m2- m3- m4", {"m1", "m2"}, false},
      {"joint: the new ones alone", "m1+ m2- m3- m4", {"m1", "m4"}, false},
      {"joint: both", "m1+ m2- m3- m4", {"m1", "m2", "m4"}, true},
      {"one that is gone", "m1 m4", {"m1", "m2", "m3"}, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    VotingWorld world;
    world.change(1, "m1 m2");
    world.change(2, c.group);
    for (const char* voter : c.votes) world.vote(voter);
    CHECK_EQ(world.lead(), c.is_enough);
  }
}

TEST_CASE("a disk that is gone takes its votes along") {
  VotingWorld world;
  world.vote("m1");
  world.vote("m2");
  world.oracle.on_wipe("m2");
  CHECK_FALSE(world.lead());
}

}  // namespace sim
