#include "sim/durability_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "sim/test_events.h"

namespace sim {

namespace {

// Disks whose durable bytes the test decides, one file each.
class FakeTruth final : public Truth {
 public:
  base::Duration now() const override { return {}; }
  std::string durable_bytes(std::string_view member, std::string_view, std::uint64_t offset, std::uint64_t size) const override {
    const auto found = bytes.find(member);
    if (found == bytes.end()) return {};
    return found->second.substr(std::min<std::uint64_t>(offset, found->second.size()), size);
  }
  bool is_store_durable(std::string_view, base::StoreGeneration) const override { return has_store; }
  std::map<std::string, std::string, std::less<>> bytes;
  bool has_store = true;
};

struct DurableGroup {
  explicit DurableGroup(std::string_view members) : group(raft::encode(group_of(members))), configurations(logs, founders_of(members), findings) {
    for (const std::string& name : founders_of(members).voters) say(name, recovered({}, 0));
  }
  void say(std::string_view member, const io::Event& event) {
    const io::Event told = told_by(member, event, group);
    logs.on_event(member, told);
    configurations.on_event(member, told);
    oracle.on_event(member, told);
  }
  void append(std::string_view member, std::uint64_t term, std::uint64_t index) { say(member, appended(term, index)); }
  void write(std::string_view member, std::uint64_t offset, std::string_view bytes, base::EntryId first, base::EntryId last) {
    say(member, io::WroteEntries{"wal/1.log", offset, bytes, first, last});
  }
  void sync(std::string_view member) { say(member, io::LogSynced{}); }
  void commit(std::string_view member, std::uint64_t term, std::uint64_t index) { say(member, io::Committed{id(term, index)}); }
  // The entries (1, 1) and (1, 2) appended, written as one batch, and durable.
  void have_two(std::string_view member) {
    append(member, 1, 1);
    append(member, 1, 2);
    write(member, 0, "two", id(1, 1), id(1, 2));
    truth.bytes[std::string(member)] = "two";
    sync(member);
  }

  const std::string group;
  FakeTruth truth;
  Findings findings;
  GroupLog logs{findings};
  Configurations configurations;
  DurabilityOracle oracle{truth, logs, configurations, findings};
};

}  // namespace

TEST_CASE("durability: committed with the bytes on the disk is fine, a byte less is not") {
  struct Case { const char* name; const char* durable; bool good; };
  const Case cases[] = {{"all there", "....batch", true}, {"nothing", "", false}, {"torn", "....batc", false}, {"old", "....BATCH", false}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    DurableGroup group("m1");
    group.write("m1", 4, "batch", id(1, 1), id(1, 2));
    group.truth.bytes["m1"] = c.durable;
    group.commit("m1", 1, 1);
    CHECK_EQ(group.findings.is_clean(), c.good);
    if (c.good) CHECK_EQ(group.oracle.checked_count(), 1);
  }
}

TEST_CASE("durability: a member's word that it has synced counts for nothing") {
  DurableGroup group("m1");
  group.write("m1", 0, "batch", id(1, 1), id(1, 1));
  group.sync("m1");
  CHECK(group.findings.is_clean());
  group.commit("m1", 1, 1);
  CHECK_FALSE(group.findings.is_clean());
}

TEST_CASE("durability: an entry that was never written is not committed") {
  DurableGroup group("m1");
  group.append("m1", 1, 1);
  group.commit("m1", 1, 1);
  CHECK_FALSE(group.findings.is_clean());
}

TEST_CASE("durability: an entry that was written again counts where it stands last") {
  DurableGroup group("m1");
  group.truth.bytes["m1"] = "old!new!";
  group.write("m1", 0, "old!", id(1, 1), id(1, 1));
  group.write("m1", 4, "NEW!", id(2, 1), id(2, 1));
  group.commit("m1", 2, 1);
  CHECK_FALSE(group.findings.is_clean());
}

TEST_CASE("durability: a quorum has it, whoever says so first") {
  struct Case { const char* name; std::vector<std::string> holders; bool good; };
  const Case cases[] = {{"all", {"m1", "m2", "m3", "m4"}, true},
                        {"three of four", {"m2", "m3", "m4"}, true},
                        {"two of four", {"m1", "m3"}, false},
                        {"only who says so", {"m1"}, false},
                        {"nobody", {}, false}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    DurableGroup group("m1 m2 m3 m4");
    group.say("m5", recovered({}, 0));
    for (const char* member : {"m1", "m2", "m3", "m4", "m5"}) {
      group.append(member, 1, 1);
      group.write(member, 0, "one", id(1, 1), id(1, 1));
    }
    group.truth.bytes["m5"] = "one";  // which has no vote
    for (const std::string& holder : c.holders) group.truth.bytes[holder] = "one";
    group.commit("m1", 1, 1);
    CHECK_EQ(group.findings.is_clean(), c.good);
  }
}

TEST_CASE("durability: of another entry at the same index a copy is none") {
  DurableGroup group("m1 m2 m3");
  group.have_two("m1");
  group.have_two("m2");
  // Everything but m2's copy goes on to term 2, also where a batch holds entries of both terms.
  group.append("m3", 1, 1);
  group.append("m3", 2, 2);
  group.write("m3", 0, "both", id(1, 1), id(2, 2));
  group.truth.bytes["m3"] = "both";
  SUBCASE("a quorum of the earlier term") { group.commit("m1", 1, 1); group.commit("m1", 1, 2); CHECK(group.findings.is_clean()); }
  SUBCASE("one alone of the later term") {
    group.commit("m3", 1, 1);
    CHECK(group.findings.is_clean());
    group.commit("m3", 2, 2);
    CHECK_FALSE(group.findings.is_clean());
  }
}

TEST_CASE("durability: what an earlier life wrote counts until a write replaces it") {
  DurableGroup group("m1 m2 m3");
  group.have_two("m1");
  group.have_two("m2");

  SUBCASE("its file may be gone meanwhile: it was found durable") {
    group.truth.bytes.clear();
    group.say("m2", recovered(id(1, 2), 0));
    group.commit("m1", 1, 1);
    group.commit("m1", 1, 2);
    CHECK(group.findings.is_clean());
  }
  SUBCASE("a tail that was replaced in memory alone is there again after a crash") {
    group.append("m2", 2, 2);
    group.say("m2", recovered(id(1, 2), 0));
    group.commit("m1", 1, 1);
    group.commit("m1", 1, 2);
    CHECK(group.findings.is_clean());
  }
  SUBCASE("likewise when the write that would have replaced it was lost") {
    group.append("m2", 2, 2);
    group.write("m2", 3, "lost", id(2, 2), id(2, 2));
    group.say("m2", recovered(id(1, 2), 0));
    group.commit("m1", 1, 1);
    group.commit("m1", 1, 2);
    CHECK(group.findings.is_clean());
  }
  SUBCASE("when that write came through, the old entry is gone") {
    group.append("m2", 2, 2);
    group.write("m2", 3, "kept", id(2, 2), id(2, 2));
    group.say("m2", recovered(id(2, 2), 0));
    CHECK(group.findings.is_clean());
    group.commit("m1", 1, 1);
    CHECK(group.findings.is_clean());
    group.commit("m1", 1, 2);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("a write that only the page cache kept is no copy yet") {
    group.append("m1", 1, 3);
    group.append("m2", 1, 3);
    group.write("m1", 3, "three", id(1, 3), id(1, 3));
    group.write("m2", 3, "three", id(1, 3), id(1, 3));
    group.truth.bytes["m1"] = "twothree";
    group.say("m2", recovered(id(1, 3), 0));
    for (std::uint64_t i = 1; i <= 2; ++i) group.commit("m1", 1, i);
    CHECK(group.findings.is_clean());
    SUBCASE("but the next life's own write of it is") {
      group.write("m2", 64, "again", id(1, 1), id(1, 3));
      group.truth.bytes["m2"] = std::string(64, '.') + "again";
      group.sync("m2");
      group.commit("m1", 1, 3);
      CHECK(group.findings.is_clean());
    }
    SUBCASE("so with it there is no quorum") {
      group.commit("m1", 1, 3);
      CHECK_FALSE(group.findings.is_clean());
    }
  }
}

TEST_CASE("durability: a log comes back at least as long as it was durable") {
  DurableGroup group("m1 m2 m3");
  group.have_two("m1");
  SUBCASE("longer is fine") {
    group.append("m1", 1, 3);
    group.write("m1", 3, "three", id(1, 3), id(1, 3));
    group.say("m1", recovered(id(1, 3), 0));
    CHECK(group.findings.is_clean());
  }
  SUBCASE("shorter is a lost acknowledgement, committed or not") {
    group.say("m1", recovered(id(1, 1), 0));
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("and so is another end") {
    group.append("m1", 2, 2);
    group.say("m1", recovered(id(2, 2), 0));
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("a later write may have made it shorter") {
    group.append("m1", 2, 1);
    group.write("m1", 3, "new", id(2, 1), id(2, 1));
    group.truth.bytes["m1"] = "twonew";
    group.sync("m1");
    group.say("m1", recovered(id(2, 1), 0));
    CHECK(group.findings.is_clean());
  }
}

TEST_CASE("durability: whose copies count is said by the group that is in force") {
  struct Case {
    const char* name;
    std::string_view change;  // at index 1
    bool is_committed;        // and a majority of m1, m2, m3 had it
    std::vector<const char*> holders;  // of index 2
    bool good;
  };
  const Case cases[] = {
      {"a new voter counts", "m1 m2 m3 m4", true, {"m1", "m2", "m4"}, true},
      {"and is one more to be convinced", "m1 m2 m3 m4", true, {"m1", "m2"}, false},
      {"a learner never does", "m1 m2 m3 m4?", true, {"m1", "m4"}, false},
      {"joint: the old ones alone", "m1+ m2- m3- m4 m5", true, {"m1", "m2", "m3"}, false},
      {"joint: the new ones alone", "m1+ m2- m3- m4 m5", true, {"m1", "m4", "m5"}, false},
      {"joint: both", "m1+ m2- m3- m4 m5", true, {"m1", "m2", "m4"}, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    DurableGroup group("m1 m2 m3");
    for (const char* member : {"m4", "m5"}) group.say(member, recovered({}, 0));
    const std::string change = raft::encode(group_of(c.change));
    for (const char* member : {"m1", "m2", "m3", "m4", "m5"}) {
      group.say(member, io::Appended{id(1, 1), base::EntryKind::configuration, change});
      group.write(member, 0, "one", id(1, 1), id(1, 1));
      group.truth.bytes[member] = "one";
      group.sync(member);
      group.append(member, 1, 2);
      group.write(member, 3, "two", id(1, 2), id(1, 2));
    }
    group.commit("m1", 1, 1);
    REQUIRE(group.findings.is_clean());
    for (const char* holder : c.holders) group.truth.bytes[holder] = "onetwo";
    group.commit("m1", 1, 2);
    CHECK_EQ(group.findings.is_clean(), c.good);
  }
}

TEST_CASE("durability: behind a joint group that is committed the new ones decide, and on itself both") {
  DurableGroup group("m1 m2 m3");
  for (const char* member : {"m4", "m5"}) group.say(member, recovered({}, 0));
  const std::string joint = raft::encode(group_of("m1+ m2- m3- m4 m5"));
  const std::string after = raft::encode(group_of("m1 m4 m5"));
  const auto have = [&](std::string_view member) {
    group.say(member, io::Appended{id(1, 1), base::EntryKind::configuration, joint});
    group.append(member, 1, 2);
    group.say(member, io::Appended{id(1, 3), base::EntryKind::configuration, after});
    group.write(member, 0, "three", id(1, 1), id(1, 3));
    group.truth.bytes[std::string(member)] = "three";
  };
  for (const char* member : {"m1", "m4"}) have(member);
  SUBCASE("the joint one needs both") {
    group.commit("m1", 1, 1);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("what comes behind it does not") {
    // Of the joint entry m2 had a copy once, and has lost it since: what was shown once stays so.
    have("m2");
    group.commit("m1", 1, 1);
    group.oracle.on_wipe("m2");
    group.commit("m1", 1, 2);
    group.commit("m1", 1, 3);
    CHECK(group.findings.is_clean());
  }
}

TEST_CASE("durability: a snapshot counts when the log names its store, durably, and not before the store is") {
  DurableGroup group("m1 m2 m3");
  group.have_two("m1");
  group.have_two("m2");
  for (const char* member : {"m1", "m2"}) {
    group.append(member, 1, 3);
    group.write(member, 3, "three", id(1, 3), id(1, 3));
    group.truth.bytes[member] = "twothree";
    group.sync(member);
  }
  for (std::uint64_t i = 1; i <= 3; ++i) group.commit("m1", 1, i);
  REQUIRE(group.findings.is_clean());
  // m3 has something else, and more of it.
  group.append("m3", 0, 1);
  group.append("m3", 0, 2);
  group.append("m3", 0, 3);
  group.append("m3", 0, 4);
  group.write("m3", 0, "old.", id(0, 1), id(0, 4));
  group.truth.bytes["m3"] = "old.";
  group.sync("m3");
  const base::StoreMark store{base::StoreGeneration(2), base::LogIndex(3)};
  const auto reset = [&](base::StoreMark mark) {
    group.say("m3", io::LogReplaced{id(1, 3), {}});
    group.say("m3", io::WroteStart{"wal/1.log", 4, "reset", id(1, 3), mark, true});
  };
  const auto come_back = [&](base::EntryId last, base::StoreMark mark) {
    io::Recovered event = recovered(last, mark.applied.value());
    event.store = mark;
    group.say("m3", event);
  };

  SUBCASE("all in order") {
    reset(store);
    group.append("m3", 1, 4);
    group.say("m3", io::WroteEntries{"wal/1.log", 4, "reset", id(1, 4), id(1, 4)});
    group.truth.bytes["m3"] = "old.reset";
    group.sync("m3");
    group.say("m3", io::Installed{id(1, 3), store, {}});
    CHECK(group.findings.is_clean());
    SUBCASE("what came along counts as a copy") {
      group.append("m1", 1, 4);
      group.write("m1", 8, "four", id(1, 4), id(1, 4));
      group.truth.bytes["m1"] = "twothreefour";
      group.commit("m1", 1, 4);
      CHECK(group.findings.is_clean());
    }
    SUBCASE("a crash leaves it there") { come_back(id(1, 4), store); CHECK(group.findings.is_clean()); }
    SUBCASE("a log that forgets it") { come_back(id(1, 3), store); CHECK_FALSE(group.findings.is_clean()); }
    SUBCASE("a store that forgets it") {
      come_back(id(1, 4), {base::StoreGeneration(1), base::LogIndex(0)});
      CHECK_FALSE(group.findings.is_clean());
    }
  }
  SUBCASE("the store is not durable yet") {
    group.truth.has_store = false;
    reset(store);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("the log does not name it durably") {
    reset(store);
    group.sync("m3");
    group.say("m3", io::Installed{id(1, 3), store, {}});
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("a crash before that leaves what was there, or the snapshot; the end of the log may be an earlier one") {
    reset(store);
    SUBCASE("what was there") { come_back(id(0, 4), {base::StoreGeneration(1), base::LogIndex(0)}); }
    SUBCASE("the snapshot") { come_back(id(1, 3), store); }
    CHECK(group.findings.is_clean());
  }
  SUBCASE("with the snapshot the copies of what lost are gone") {
    reset(store);
    group.truth.bytes["m3"] = "old.reset";
    group.sync("m3");
    // (0, 4) is nowhere any more: m1 alone has it.
    group.append("m1", 1, 4);
    group.write("m1", 8, "four", id(1, 4), id(1, 4));
    group.truth.bytes["m1"] = "twothreefour";
    group.commit("m1", 1, 4);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("a snapshot is acknowledged") {
    group.say("m3", io::AppendAnswered{member_id("m1"), base::Term(1), base::LogIndex(), true});
    CHECK(group.findings.is_clean());
    reset(store);
    SUBCASE("when its log names it") {
      group.truth.bytes["m3"] = "old.reset";
      group.sync("m3");
      group.say("m3", io::AppendAnswered{member_id("m1"), base::Term(1), base::LogIndex(3), true});
      CHECK(group.findings.is_clean());
    }
    SUBCASE("and not before: what its log has there is something else") {
      group.say("m3", io::AppendAnswered{member_id("m1"), base::Term(1), base::LogIndex(3), true});
      CHECK_FALSE(group.findings.is_clean());
    }
  }
  SUBCASE("a log that names another store and keeps what it holds") {
    come_back(id(0, 4), {base::StoreGeneration(1), base::LogIndex(0)});
    REQUIRE(group.findings.is_clean());
    SUBCASE("its own may be told of") {
      group.say("m3", io::WroteStart{"wal/1.log", 4, "start", {}, {base::StoreGeneration(1), base::LogIndex(0)}, false});
      CHECK(group.findings.is_clean());
    }
    SUBCASE("another may not") {
      group.say("m3", io::WroteStart{"wal/1.log", 4, "start", id(1, 3), store, false});
      CHECK_FALSE(group.findings.is_clean());
    }
  }
  SUBCASE("a log that drops more than its store has") {
    group.say("m1", io::WroteStart{"wal/1.log", 8, "start", id(1, 2), {base::StoreGeneration(1), base::LogIndex(1)}, false});
    CHECK_FALSE(group.findings.is_clean());
  }
}

TEST_CASE("durability: what is acknowledged is on the disk, and stays in the log") {
  DurableGroup group("m1 m2 m3");
  const auto answer = [&](std::string_view member, std::uint64_t term, std::uint64_t index, bool is_accepted) {
    group.say(member, io::AppendAnswered{member_id("m1"), base::Term(term), base::LogIndex(index), is_accepted});
  };
  group.have_two("m1");
  group.append("m2", 1, 1);
  group.append("m2", 1, 2);
  group.write("m2", 0, "two", id(1, 1), id(1, 2));
  SUBCASE("on its way there it is not") {
    answer("m2", 1, 2, true);
    CHECK_FALSE(group.findings.is_clean());
  }
  group.truth.bytes["m2"] = "two";
  SUBCASE("when it is durable it is, whether the member has noticed or not") {
    answer("m2", 1, 2, true);
    CHECK(group.findings.is_clean());
    SUBCASE("and the same leader is not told otherwise") { answer("m2", 1, 1, false); CHECK_FALSE(group.findings.is_clean()); }
    SUBCASE("nor after a crash") {
      group.say("m2", recovered(id(1, 2), 0));
      answer("m2", 1, 2, false);
      CHECK_FALSE(group.findings.is_clean());
    }
    SUBCASE("of what comes behind it") { answer("m2", 1, 3, false); CHECK(group.findings.is_clean()); }
    SUBCASE("that its time is over is something else") { answer("m2", 2, 0, false); CHECK(group.findings.is_clean()); }
    SUBCASE("a leader of a later term may have another log") { answer("m2", 2, 2, false); CHECK(group.findings.is_clean()); }
    SUBCASE("whoever starts there on an empty disk has said nothing") {
      group.oracle.on_wipe("m2");
      answer("m2", 1, 2, false);
      CHECK(group.findings.is_clean());
    }
  }
  SUBCASE("more than there is") { answer("m2", 1, 3, true); CHECK_FALSE(group.findings.is_clean()); }
  SUBCASE("the entry of another leader at that index") {
    group.append("m1", 2, 2);
    answer("m2", 2, 1, true);
    CHECK(group.findings.is_clean());
    answer("m2", 2, 2, true);
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("what is committed") {
    group.sync("m2");
    for (std::uint64_t i = 1; i <= 2; ++i) group.commit("m1", 1, i);
    answer("m2", 1, 2, true);
    CHECK(group.findings.is_clean());
    SUBCASE("and the other member does not have") { answer("m3", 1, 2, true); CHECK_FALSE(group.findings.is_clean()); }
  }
  SUBCASE("what a member found when it came up, which it has written anew") {
    group.truth.bytes["m2"].clear();
    group.say("m2", recovered(id(1, 2), 0));
    answer("m2", 1, 2, true);
    CHECK(group.findings.is_clean());
    SUBCASE("and then it does not go any more") { group.say("m2", recovered({}, 0)); CHECK_FALSE(group.findings.is_clean()); }
  }
}

TEST_CASE("durability: what a write replaced does not come back") {
  DurableGroup group("m1 m2 m3");
  group.have_two("m1");
  group.append("m1", 2, 1);
  group.write("m1", 3, "new", id(2, 1), id(2, 1));
  group.truth.bytes["m1"] = "twonew";
  SUBCASE("when it is durable") {
    group.sync("m1");
    group.say("m1", recovered(id(1, 2), 0));
    CHECK_FALSE(group.findings.is_clean());
  }
  SUBCASE("before that it may, as the write may be lost") {
    group.truth.bytes["m1"] = "two";
    group.say("m1", recovered(id(1, 2), 0));
    CHECK(group.findings.is_clean());
  }
}

}  // namespace sim
