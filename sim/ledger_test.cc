// The ledger of intact copies, fed histories of groups whose disks are spoilt: what each still holds, and from when on a run is beyond.
#include "sim/ledger.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/test_events.h"

namespace sim {

namespace {

// Disks whose bytes the test decides, one log file and one store each.
class FakeDisks final : public Truth {
 public:
  base::Duration now() const override { return {}; }
  std::string durable_bytes(std::string_view member, std::string_view path, std::uint64_t offset, std::uint64_t size) const override {
    const auto found = bytes.find(std::string(member) + "/" + std::string(path));
    return found == bytes.end() ? std::string() : found->second.substr(std::min<std::uint64_t>(offset, found->second.size()), size);
  }
  bool is_store_durable(std::string_view, base::StoreGeneration) const override { return true; }
  bool is_intact(std::string_view member, std::string_view path, std::uint64_t offset, std::uint64_t size) const override {
    const auto found = spoilt.find(std::string(member) + "/" + std::string(path));
    if (found == spoilt.end()) return true;
    return std::none_of(found->second.begin(), found->second.end(), [&](std::uint64_t at) { return at >= offset && at - offset < size; });
  }
  bool is_store_intact(std::string_view member, base::StoreGeneration generation) const override {
    return spoilt_stores.count({std::string(member), generation.value()}) == 0;
  }
  std::map<std::string, std::string> bytes;               // by member/path, what a sound disk would have
  std::map<std::string, std::set<std::uint64_t>> spoilt;  // likewise, which of them are others
  std::set<std::pair<std::string, std::uint64_t>> spoilt_stores;
};

// Every batch is four bytes in `wal/1`, one behind the other, and holds one entry of term 1.
struct SpoiltGroup {
  explicit SpoiltGroup(std::string_view members) : group(raft::encode(group_of(members))), configurations(logs, founders_of(members), findings) {
    for (const std::string& name : founders_of(members).voters) recover(name, {}, 0);
  }
  void say(std::string_view member, const io::Event& event) {
    const io::Event told = told_by(member, event, group);
    logs.on_event(member, told);
    configurations.on_event(member, told);
    committed.on_event(member, told);
    ledger.on_event(member, told);
  }
  // As it comes back after a power loss.
  void recover(const std::string& member, base::EntryId last, std::uint64_t applied) {
    committed.on_start(member);
    ledger.on_start(member);
    say(member, recovered(last, applied));
  }
  static std::string batch(std::uint64_t index) { return "b" + std::to_string(100 + index); }
  void write(const std::string& member, std::uint64_t index) {
    say(member, appended(1, index));
    say(member, io::WroteEntries{"wal/1", (index - 1) * 4, batch(index), id(1, index), id(1, index)});
  }
  void sync(const std::string& member, std::uint64_t index) {
    disks.bytes[member + "/wal/1"] += batch(index);
    say(member, io::LogSynced{});
  }
  void have(const std::string& members, std::uint64_t index) {
    for (std::size_t at = 0; at < members.size(); at += 3) {
      write(members.substr(at, 2), index);
      sync(members.substr(at, 2), index);
    }
  }
  void commit(const std::string& member, std::uint64_t index) { say(member, io::Committed{id(1, index)}); }
  void rot(const std::string& member, std::uint64_t index) {
    disks.spoilt[member + "/wal/1"].insert((index - 1) * 4 + 1);
    ledger.on_log_spoilt(member);
  }

  const std::string group;
  FakeDisks disks;
  Findings findings;
  GroupLog logs{findings};
  Configurations configurations;
  CommittedLog committed{logs, configurations, findings, nullptr};
  Ledger ledger{disks, logs, configurations, committed, findings, true};
};

using Losses = std::vector<Loss>;

}  // namespace

TEST_CASE("ledger: a sound group is within, and who has what is read off the disks") {
  SpoiltGroup group("m1 m2 m3");
  group.have("m1 m2", 1);
  group.commit("m1", 1);
  group.write("m3", 1);
  CHECK(group.ledger.holds("m1", id(1, 1)));
  CHECK(group.ledger.holds("m2", id(1, 1)));
  CHECK_MESSAGE(!group.ledger.holds("m3", id(1, 1)), "it was written, and no sync has made it durable");
  CHECK_FALSE(group.ledger.holds("m1", id(2, 1)));
  CHECK_FALSE(group.ledger.holds("m1", id(1, 2)));
  group.sync("m3", 1);
  CHECK(group.ledger.holds("m3", id(1, 1)));
  CHECK(group.ledger.is_whole("m1"));
  CHECK_FALSE(group.ledger.is_beyond());
  CHECK(group.ledger.counts().empty());
}

TEST_CASE("ledger: within as long as those with whole disks are a quorum") {
  struct Case { const char* name; const char* members; std::vector<std::string> log, store, disk, gone; bool is_beyond; };
  const Case cases[] = {
      {"one of one", "m1", {"m1"}, {}, {}, {}, true},
      {"the store of one", "m1", {}, {"m1"}, {}, {}, true},
      {"one of two", "m1 m2", {}, {"m2"}, {}, {}, true},
      {"one of three", "m1 m2 m3", {"m1"}, {}, {}, {}, false},
      {"one of three in three ways", "m1 m2 m3", {"m1"}, {"m1"}, {"m1"}, {"m1"}, false},
      {"two of three, each in another way", "m1 m2 m3", {"m1"}, {"m3"}, {}, {}, true},
      {"one lost and one that refuses", "m1 m2 m3", {}, {}, {"m2"}, {"m3"}, true},
      {"two of five", "m1 m2 m3 m4 m5", {"m1"}, {}, {"m5"}, {}, false},
      {"three of five", "m1 m2 m3 m4 m5", {"m1"}, {"m4"}, {"m5"}, {}, true},
      {"a learner does not decide", "m1 m2? m3?", {"m2"}, {"m3"}, {}, {}, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    SpoiltGroup group(c.members);
    for (const auto& founder : founders_of(c.members).learners) group.recover(founder, {}, 0);
    const std::string all = c.members;
    for (std::size_t at = 0; (at = all.find('m', at)) != std::string::npos; ++at) group.have(all.substr(at, 2), 1);
    group.commit("m1", 1);
    CHECK_FALSE(group.ledger.is_beyond());
    for (const std::string& member : c.log) group.rot(member, 1);
    for (const std::string& member : c.store) group.ledger.on_store_spoilt(member);
    for (const std::string& member : c.disk) group.ledger.on_disk_lost(member);
    for (const std::string& member : c.gone) group.ledger.on_gone(member);
    CHECK_EQ(group.ledger.is_beyond(), c.is_beyond);
    CHECK(group.findings.is_clean());
  }
}

TEST_CASE("ledger: once beyond, always beyond") {
  SpoiltGroup group("m1");
  group.have("m1", 1);
  group.commit("m1", 1);
  group.rot("m1", 1);
  CHECK(group.ledger.is_beyond());
  group.disks.spoilt.clear();
  CHECK(group.ledger.is_whole("m1"));
  CHECK(group.ledger.is_beyond());
}

TEST_CASE("ledger: a member is not whole as long as something is spoilt that it would read") {
  SpoiltGroup group("m1 m2 m3");
  group.have("m1 m2 m3", 1);
  group.have("m1 m2 m3", 2);
  group.commit("m1", 1);
  group.commit("m1", 2);
  SUBCASE("a batch of its log, wherever it stands: it holds nothing of that log") {
    group.rot("m1", 1);
    CHECK_EQ(group.ledger.losses("m1"), Losses{Loss::log});
    CHECK_FALSE(group.ledger.holds("m1", id(1, 2)));
    CHECK(group.ledger.holds("m2", id(1, 2)));
  }
  SUBCASE("a file that it has no more use for is another matter") {
    group.rot("m1", 1);
    group.say("m1", io::WroteStart{"wal/2", 0, "b999", id(1, 2), {base::StoreGeneration(1), base::LogIndex(2)}, false});
    group.disks.bytes["m1/wal/2"] = "b999";
    group.say("m1", io::LogSynced{});
    CHECK(group.ledger.is_whole("m1"));
    CHECK_MESSAGE(group.ledger.holds("m1", id(1, 1)), "in its store");
    CHECK_EQ(group.ledger.log_files("m1").size(), 1);
    group.ledger.on_store_spoilt("m1");
    CHECK_FALSE(group.ledger.holds("m1", id(1, 1)));
  }
  SUBCASE("the files of its store, until a snapshot brings others") {
    group.disks.spoilt_stores = {{"m1", 1}};
    CHECK_EQ(group.ledger.losses("m1"), Losses{Loss::store});
    group.ledger.on_store_spoilt("m1");
    group.say("m1", io::Installed{id(1, 2), {base::StoreGeneration(2), base::LogIndex(2)}, {}});
    CHECK(group.ledger.is_whole("m1"));
  }
  SUBCASE("one that opens its store has not looked at everything") {
    group.ledger.on_store_spoilt("m1");
    group.recover("m1", id(1, 2), 1);
    CHECK_EQ(group.ledger.losses("m1"), Losses{Loss::store});
  }
  SUBCASE("another that begins on the machine has promised nothing") {
    group.rot("m1", 1);
    group.disks.spoilt.clear();
    group.ledger.on_disk_lost("m1");
    group.ledger.on_wipe("m1");
    CHECK(group.ledger.is_whole("m1"));
  }
}

TEST_CASE("ledger: what a member could not notice is borne when a quorum of the others has it") {
  SpoiltGroup group("m1 m2 m3");
  group.have("m1 m2 m3", 1);
  group.commit("m1", 1);
  const auto forget = [&] {
    group.rot("m1", 2);
    group.recover("m1", id(1, 1), 1);
  };
  SUBCASE("both others have it") {
    group.have("m1 m2 m3", 2);
    group.commit("m1", 2);
    forget();
    CHECK(group.findings.is_clean());
    CHECK(group.ledger.has_forgotten("m1"));
    CHECK_FALSE(group.ledger.is_beyond());
    CHECK_EQ(group.ledger.counts().at(Loss::forgotten), 1);
    CHECK_FALSE(group.ledger.holds("m1", id(1, 2)));
    // It has what it is given again.
    group.disks.spoilt.clear();
    group.have("m1", 2);
    CHECK(group.ledger.holds("m1", id(1, 2)));
    group.recover("m1", id(1, 2), 1);
    CHECK_FALSE(group.ledger.has_forgotten("m1"));
  }
  SUBCASE("only one other has it: with the third they could elect somebody without it") {
    group.have("m1 m2", 2);
    group.commit("m1", 2);
    forget();
    CHECK_EQ(group.findings.verdict().kind, VerdictKind::refused);
    CHECK(group.findings.verdict().message.find("m1 has forgotten entry " + base::to_text(id(1, 2))) != std::string::npos);
    CHECK(group.ledger.is_beyond());
  }
  SUBCASE("nobody has called it committed yet, and m1 has acknowledged it") {
    group.have("m1 m2", 2);
    forget();
    CHECK_EQ(group.findings.verdict().kind, VerdictKind::refused);
  }
  SUBCASE("a vote is nobody else's to remember") {
    group.have("m1 m2 m3", 2);
    group.commit("m1", 2);
    group.say("m1", io::WroteVote{"wal/1", 8, "vote", base::Term(2), member_id("m2")});
    group.disks.bytes["m1/wal/1"] += "vote";
    group.say("m1", io::LogSynced{});
    group.disks.spoilt["m1/wal/1"].insert(9);
    SUBCASE("in the last batch") {}
    SUBCASE("and what rotted behind it, too") {
      group.say("m1", appended(1, 3));
      group.say("m1", io::WroteEntries{"wal/1", 12, "b103", id(1, 3), id(1, 3)});
      group.disks.bytes["m1/wal/1"] += "b103";
      group.say("m1", io::LogSynced{});
      group.disks.spoilt["m1/wal/1"].insert(13);
    }
    group.recover("m1", id(1, 2), 1);
    CHECK_EQ(group.findings.verdict().kind, VerdictKind::refused);
    CHECK(group.findings.verdict().message.find("m1 has forgotten its vote") != std::string::npos);
  }
  SUBCASE("its disk was sound: that is no excuse") {
    group.have("m1 m2 m3", 2);
    group.commit("m1", 2);
    group.recover("m1", id(1, 1), 1);
    CHECK(group.findings.is_clean());  // it is the durability oracle's to say
    CHECK_FALSE(group.ledger.has_forgotten("m1"));
    CHECK(group.ledger.counts().empty());
  }
  SUBCASE("more is missing than what rotted: nor is that") {
    group.have("m1 m2 m3", 2);
    group.have("m1 m2 m3", 3);
    group.commit("m1", 2);
    group.commit("m1", 3);
    group.rot("m1", 3);
    group.recover("m1", id(1, 1), 1);
    CHECK_FALSE(group.ledger.has_forgotten("m1"));
  }
  SUBCASE("what no sync had made durable was no promise") {
    group.write("m1", 2);
    group.recover("m1", id(1, 1), 1);
    CHECK(group.findings.is_clean());
    CHECK_FALSE(group.ledger.has_forgotten("m1"));
  }
  SUBCASE("it crashes once more, when it has written again what was left") {
    group.have("m1 m2 m3", 2);
    group.commit("m1", 2);
    group.rot("m1", 2);
    group.ledger.on_start("m1");
    group.disks.spoilt.clear();
    group.disks.bytes["m1/wal/1"] = SpoiltGroup::batch(1);
    group.recover("m1", id(1, 1), 1);
    CHECK(group.ledger.has_forgotten("m1"));
  }
}

TEST_CASE("ledger: where nothing is to be spoilt nothing is kept") {
  SpoiltGroup group("m1");
  Ledger ledger{group.disks, group.logs, group.configurations, group.committed, group.findings, false};
  group.have("m1", 1);
  group.disks.spoilt["m1/wal/1"].insert(0);
  ledger.on_event("m1", io::WroteEntries{"wal/1", 0, "b101", id(1, 1), id(1, 1)});
  ledger.on_start("m1");
  CHECK(ledger.is_whole("m1"));
  CHECK_FALSE(ledger.is_beyond());
}

}  // namespace sim
