#include "sim/standing.h"

#include <doctest/doctest.h>

namespace sim {

namespace {

base::EntryId entry(std::uint64_t term, std::uint64_t index) { return {base::Term(term), base::LogIndex(index)}; }

Story two_members() {
  Story story;
  story.lanes = {{"m1", true}, {"m2", true}, {"c0", false}};
  story.end = {std::chrono::seconds(2), 20};
  const auto add = [&](std::uint32_t lane, StoryKind kind, base::EntryId id = {}, std::int32_t other = kNoLane, std::string text = {}) {
    story.events.push_back({{std::chrono::seconds(1), 10}, lane, kind, id, other, std::move(text)});
  };
  for (const std::uint32_t lane : {0U, 1U}) {
    add(lane, StoryKind::started, {}, kNoLane, "1");
    add(lane, StoryKind::recovered, entry(3, 40));
    add(lane, StoryKind::log_truncated, entry(0, 30));
    add(lane, StoryKind::store_durable, entry(0, 35));
    add(lane, StoryKind::applied, entry(0, 36), kNoLane, "revision 9");
    add(lane, StoryKind::ready);
    add(lane, StoryKind::group, {}, kNoLane, "m1, m2");
  }
  add(0, StoryKind::vote, entry(4, 0), 0, "on its way to the disk");
  add(0, StoryKind::part, entry(4, 0), 0, "leader");
  add(1, StoryKind::part, entry(4, 0), 0, "follower");
  for (std::uint64_t index = 41; index <= 43; ++index) add(0, StoryKind::appended, entry(4, index));
  add(0, StoryKind::log_synced, entry(0, 42));
  add(0, StoryKind::committed, entry(4, 41));
  add(0, StoryKind::snapshot_begun, entry(3, 40), 1);
  return story;
}

}  // namespace

TEST_CASE("a member is what its events have made of it") {
  Story story = two_members();
  std::vector<MemberStanding> all = standings(story);
  REQUIRE_EQ(all.size(), 2);
  CHECK(all[0].is_ready);
  CHECK_EQ(all[0].part, "leader");
  CHECK_EQ(all[0].term, base::Term(4));
  CHECK_EQ(all[0].voted_for, 0);
  CHECK_EQ(all[0].first, base::LogIndex(31));
  CHECK_EQ(all[0].last, entry(4, 43));
  CHECK_EQ(all[0].durable, base::LogIndex(42));
  CHECK_EQ(all[0].committed, base::LogIndex(41));
  CHECK_EQ(all[0].holds, "revision 9");
  CHECK_EQ(all[0].snapshots_to, std::vector<std::int32_t>{1});
  CHECK_EQ(all[1].leader, 0);
  CHECK_EQ(all[1].last, entry(3, 40));

  story.events.push_back({{std::chrono::seconds(2), 19}, 0, StoryKind::crashed, {}, kNoLane, "power lost"});
  story.events.push_back({{std::chrono::seconds(2), 19}, 1, StoryKind::appended, entry(4, 38), kNoLane, {}});
  all = standings(story);
  CHECK_FALSE(all[0].is_up);
  CHECK_EQ(all[0].why, "power lost");
  CHECK_EQ(all[0].part, "");
  CHECK_EQ(all[0].committed, base::LogIndex());
  CHECK_EQ(all[0].last.index, base::LogIndex(42));  // what is on its disk
  CHECK(all[0].snapshots_to.empty());
  CHECK_EQ(all[1].last, entry(4, 38));
  CHECK_EQ(all[1].durable, base::LogIndex(37));  // what stood there lost
}

TEST_CASE("the text names everything that is known, and what goes on") {
  Story story = two_members();
  story.faults.push_back({std::chrono::seconds(1), std::chrono::seconds(2), {1}, "pause", "m2 executes nothing"});
  story.faults.push_back({std::chrono::seconds(0), std::chrono::seconds(1), {1}, "pause", "long ago"});
  story.operations.push_back({{0, 7}, "put k1 90", {std::chrono::seconds(1), 9}, {}, OperationEnd::unknown, {}});
  story.operations.push_back({{0, 6}, "put k0 90", {std::chrono::seconds(1), 8}, {std::chrono::seconds(1), 9}, OperationEnd::answered, {}});
  story.messages.push_back({0, 1, MessageKind::append, MessageFate::under_way, {std::chrono::seconds(2), 18}, {}, base::Term(4), "entries 41 to 43"});
  story.messages.push_back({0, 1, MessageKind::heartbeat, MessageFate::read, {std::chrono::seconds(2), 17}, {}, base::Term(4), "a heartbeat"});
  MachineStanding machine;
  machine.is_up = true;
  machine.incarnation = 3;
  machine.jobs = {"store"};
  io::sim::FileStanding file;
  file.path = "wal/7.log";
  file.size = 65536;
  file.differing_sectors = 2;
  file.first_differing = 4096;
  file.has_durable_name = true;
  machine.files = {file};
  const std::string text = standing_text(story, {machine});
  for (const char* const part : {"turn 20, 2.000 s", "m1 serves, process 3", "raft: leader, term 4, voted in term 4 for m1", "indices 31 to 43", "durable up to 42",
                                 "committed 41", "applied 36", "store durable up to 35", "holds: revision 9", "group: m1, m2", "sends a snapshot to m2",
                                 "job under way: store", "wal/7.log  65536 bytes; not durable: 2 sectors from 4096 on",
                                 "raft: follower, term 4, leader: m1", "m2 executes nothing", "client 0, operation 7: put k1 90",
                                 "m1 to m2, append: entries 41 to 43"}) {
    CAPTURE(part);
    CAPTURE(text);
    CHECK_NE(text.find(part), std::string::npos);
  }
  for (const char* const part : {"long ago", "put k0", "a heartbeat"}) {
    CAPTURE(part);
    CHECK_EQ(text.find(part), std::string::npos);
  }
}

}  // namespace sim
