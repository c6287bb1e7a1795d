#include "sim/vote_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace sim {

namespace {

struct World final : Truth {
  base::Duration now() const override { return {}; }
  std::string durable_bytes(std::string_view member, std::string_view, std::uint64_t offset, std::uint64_t size) const override {
    const auto found = disks.find(member);
    if (found == disks.end()) return {};
    return found->second.substr(std::min<std::uint64_t>(offset, found->second.size()), size);
  }
  void write(std::string_view member, std::uint64_t term, std::uint64_t vote, std::string_view bytes) {
    oracle.on_event(member, io::WroteVote{"wal/1.log", 0, bytes, base::Term(term), base::MemberId(vote)});
  }
  void sync(std::string_view member) { oracle.on_event(member, io::LogSynced{}); }
  // A vote in term 5 for member 1, which reaches the disk.
  void vote(std::string_view member) {
    write(member, 5, 1, "vote");
    disks[std::string(member)] = "vote";
  }
  bool lead(std::uint64_t term = 5) {
    oracle.on_event("m1", io::PartTaken{base::Term(term), io::Part::leader, base::MemberId(1), base::MemberId(1)});
    return findings.is_clean();
  }

  std::map<std::string, std::string, std::less<>> disks;
  Findings findings;
  VoteOracle oracle{*this, {"m1", "m2", "m3"}, findings};
};

}  // namespace

TEST_CASE("a leader with the durable votes of a quorum is fine") {
  World world;
  world.vote("m1");
  world.vote("m2");
  CHECK(world.lead());
}

TEST_CASE("a vote that is only on its way to the disk does not count, whatever the member says") {
  World world;
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
    World world;
    world.vote("m1");
    world.write(c.voter, c.term, c.vote, "other");
    world.disks[c.voter] = "other";
    CHECK_FALSE(world.lead());
  }
}

TEST_CASE("who has gone on to a later term cannot vote again in this one") {
  World world;
  world.vote("m1");
  world.write("m3", 6, 0, "later");
  world.disks["m3"] = "later";
  CHECK(world.lead());
}

TEST_CASE("what was durable once stays so when its place is used again") {
  World world;
  world.vote("m1");
  world.vote("m2");
  world.sync("m2");
  world.disks["m2"] = "used";
  CHECK(world.lead());
}

}  // namespace sim
