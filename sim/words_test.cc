#include "sim/words.h"

#include <doctest/doctest.h>

#include "sim/oracles.h"
#include "sim/rates.h"

namespace sim {

TEST_CASE("whatever may find something has a promise that it watches over") {
  for (const std::string_view oracle : {GroupLog::kName, Configurations::kName, CommittedLog::kName, ConfigurationOracle::kName, DurabilityOracle::kName,
                                        RaftOracle::kName, StateOracle::kName, TimerOracle::kName, VoteOracle::kName, std::string_view("recovery"),
                                        std::string_view("progress"), std::string_view("process")}) {
    CHECK_MESSAGE(!promise_of(oracle).empty(), oracle);
  }
  CHECK(promise_of("serializability").empty());  // a tenant's
}

TEST_CASE("every chance that a plan may have is told in words") {
  for (const RateLimit& limit : rate_limits()) CHECK_MESSAGE(rate_words(limit.name, 50).starts_with("of a million "), limit.name);
  CHECK_EQ(rate_words("disk.sync_error", 50), "of a million syncs of a disk 50 fail");
  CHECK_EQ(rate_words("nobody.knows", 50), "nobody.knows: 50 in a million");
}

TEST_CASE("an action is told to somebody who does not know the plan's words") {
  Action action;
  action.member = 1;
  action.lasting = std::chrono::milliseconds(1200);
  CHECK_EQ(to_words(action), "m2 loses its power, and is back 1.200 s later");
  action.moment = Moment::syncing;
  CHECK_EQ(to_words(action), "m2 loses its power while a sync of its log is in flight, and is back 1.200 s later");
  action.others = {2, 4};
  CHECK_EQ(to_words(action), "m2, m3 and m5 lose their power at one instant, while a sync of m2's log is in flight, and are back about 1.200 s later");
  action.moment = Moment::any;
  CHECK_EQ(to_words(action), "m2, m3 and m5 lose their power at one instant, and are back about 1.200 s later");
  action.kind = ActionKind::partition;
  CHECK_EQ(to_words(action), "m2, m3 and m5 are cut off from the other members, for 1.200 s");
  action.shape = Shape::outgoing;
  CHECK_EQ(to_words(action), "what m2 sends to m3 and m5 does not arrive, for 1.200 s");
  action.shape = Shape::pairs;
  CHECK_EQ(to_words(action), "m2 does not see m3 and m5, nor they m2, for 1.200 s");
  action.kind = ActionKind::slow_links;
  action.delay = std::chrono::milliseconds(30);
  action.bytes_per_second = 64'000;
  CHECK_EQ(to_words(action), "what goes between m2 and each of m3 and m5 takes at least 30 ms, and no more than 64 kB go one way in a second, for 1.200 s");
  action.kind = ActionKind::cut_leader;
  action.shape = Shape::outgoing;
  action.moment = Moment::changing;
  CHECK_EQ(to_words(action), "with whoever leads, once its log has a change of the group that is not committed, in the place of m2: "
                             "what m2 sends to m3 and m5 does not arrive, for 1.200 s");
  action.moment = Moment::any;
  for (int kind = 0; kind < kActionKindCount; ++kind) {
    for (int shape = 0; shape < kShapeCount; ++shape) {
      action.kind = static_cast<ActionKind>(kind);
      action.shape = static_cast<Shape>(shape);
      CHECK_NE(to_words(action).find("m2"), std::string::npos);
    }
  }
}

TEST_CASE("what members say is told with the numbers that matter") {
  const base::EntryId last{base::Term(2), base::LogIndex(7)};
  CHECK_EQ(to_words(raft::VoteRequest{base::Term(3), false, false, last}).text, "vote for me in term 3; my log ends with 7 (term 2)");
  CHECK_EQ(to_words(raft::VoteReply{base::Term(3), false, true}).text, "you have my vote in term 3");
  raft::Append append{base::Term(3), last, {}, base::LogIndex(6), false};
  CHECK_EQ(to_words(append).text, "is 7 (term 2) in your log? committed is everything up to 6");
  append.entries = {{{base::Term(3), base::LogIndex(8)}, base::EntryKind::empty, nullptr}, {{base::Term(3), base::LogIndex(9)}, base::EntryKind::empty, nullptr}};
  CHECK_EQ(to_words(append).text, "entries 8 to 9, behind 7 (term 2); committed is everything up to 6");
  CHECK_EQ(to_words(append).kind, MessageKind::append);
  CHECK_EQ(to_words(raft::AppendReply{base::Term(3), true, base::LogIndex(9), {}}).text, "my disk has everything up to 9");
  CHECK_EQ(to_words(raft::Heartbeat{}).kind, MessageKind::heartbeat);
  CHECK_EQ(to_words(raft::TimeoutNow{}).kind, MessageKind::vote);
}

}  // namespace sim
