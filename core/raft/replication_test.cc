// How the log gets around: Raft §5.3, §5.4.2, §7.
#include "core/raft/test_raft.h"

namespace raft {

TEST_CASE("entries go out before the leader's own disk has them, and commit with any majority of disks") {  // thesis §10.2.1
  RaftFixture f(voters(3), {});
  f.elect({2});
  const auto first = sent<Append>(f.output.messages, 2);
  REQUIRE_EQ(first.size(), 1);
  CHECK_EQ(first[0].entries.size(), 1);
  f.acknowledge(2, 1);
  CHECK_EQ(f.raft.committed(), base::LogIndex(0));
  f.acknowledge(3, 1);
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));
  f.persist_all();
  f.propose();
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));
  f.persist_all();
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));
  f.acknowledge(3, 2);
  CHECK_EQ(f.raft.committed(), base::LogIndex(2));
}

TEST_CASE("an entry of an earlier term does not commit by counting") {  // §5.4.2, figure 8
  RaftFixture f(voters(3), {1, 2});
  f.elect({2});
  f.persist_all();
  f.acknowledge(2, 2);
  CHECK_EQ(f.raft.committed(), base::LogIndex(0));
  f.acknowledge(2, 3);
  CHECK_EQ(f.raft.committed(), base::LogIndex(3));
}

TEST_CASE("a follower takes entries only behind one that it has, and acknowledges when they are durable") {  // §5.3
  struct Case { const char* name; base::EntryId previous; std::vector<base::Entry> entries; std::optional<std::uint64_t> matched; base::EntryId last; };
  const Case cases[] = {  // the log is 1/1 1/2 2/3
      {"at the end", id(2, 3), {entry(3, 4)}, 4, id(3, 4)},
      {"none", id(2, 3), {}, 3, id(2, 3)},
      {"what is there already, and no more", id(1, 1), {entry(1, 2)}, 2, id(2, 3)},
      {"a conflict replaces the tail", id(1, 1), {entry(1, 2), entry(3, 3)}, 3, id(3, 3)},
      {"a gap", id(2, 4), {entry(3, 5)}, std::nullopt, id(2, 3)},
      {"another term before", id(3, 3), {entry(3, 4)}, std::nullopt, id(2, 3)},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    RaftFixture f(voters(3), {1, 1, 2});
    const Output& out = f.receive(2, Append{base::Term(3), c.previous, c.entries, {}});
    const auto accepted = sent<AppendReply>(out.after_persist, 2);
    const auto rejected = sent<AppendReply>(out.messages, 2);
    REQUIRE_EQ(accepted.size(), c.matched ? 1 : 0);
    REQUIRE_EQ(rejected.size(), c.matched ? 0 : 1);
    if (c.matched) CHECK_EQ(accepted[0].index, base::LogIndex(*c.matched));
    CHECK(f.raft.log().last() == c.last);
  }
}

TEST_CASE("a late append does not cut off what came after it") {  // §5.3: only a conflict deletes
  RaftFixture f(voters(3), {});
  f.receive(2, Append{base::Term(1), {}, {entry(1, 1), entry(1, 2)}, {}});
  f.receive(2, Append{base::Term(1), {}, {entry(1, 1)}, {}});
  CHECK(f.raft.log().last() == id(1, 2));
}

TEST_CASE("a follower commits what it knows to have, and no more") {
  RaftFixture f(voters(3), {1, 1});
  f.receive(2, Append{base::Term(2), id(1, 1), {}, base::LogIndex(2)});
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));  // of index 2 this leader has not spoken
  f.receive(2, Heartbeat{base::Term(2), base::LogIndex(1), {}});
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));
}

TEST_CASE("news of a commit is not acknowledged, unless the logs do not agree") {
  RaftFixture f(voters(3), {1, 1});
  f.receive(2, Append{base::Term(1), id(1, 2), {}, base::LogIndex(2), true});
  CHECK_EQ(f.raft.committed(), base::LogIndex(2));
  CHECK(f.output.after_persist.empty());
  CHECK(f.output.messages.empty());
  f.receive(2, Append{base::Term(1), id(1, 5), {}, base::LogIndex(5), true});
  const auto replies = sent<AppendReply>(f.output.messages, 2);
  REQUIRE_EQ(replies.size(), 1);
  CHECK_FALSE(replies[0].is_accepted);
}

TEST_CASE("a leader asks for acknowledgements of entries, and of where a log stands, but not of a commit") {
  RaftFixture f(voters(3), {});
  f.elect({2});
  f.persist_all();
  f.acknowledge(2, 1);  // committed: whoever has the entry hears of that
  const auto news = sent<Append>(f.output.messages, 2);
  REQUIRE_EQ(news.size(), 1);
  CHECK(news[0].is_news_only);
  f.propose();
  for (const Append& append : sent<Append>(f.output.messages, 2)) CHECK_FALSE(append.is_news_only);
}

TEST_CASE("a leader finds in one step a term at a time where logs agree") {  // §5.3
  RaftFixture f(voters(3), {1, 1, 1, 5, 5, 5});
  f.elect({2});
  const auto probe = sent<Append>(f.output.messages, 2);
  REQUIRE_EQ(probe.size(), 1);
  CHECK(probe[0].previous == id(5, 6));
  // The follower has 1/1 1/2 1/3 and then a long tail of terms 2 to 4.
  RaftFixture follower(voters(3), {1, 1, 1, 2, 2, 3, 3, 4, 4});
  const auto rejection = sent<AppendReply>(follower.receive(3, probe[0]).messages, 3);
  REQUIRE_EQ(rejection.size(), 1);
  const auto next = sent<Append>(f.receive(2, rejection[0]).messages, 2);
  REQUIRE_EQ(next.size(), 1);
  CHECK(next[0].previous == id(1, 3));
}

TEST_CASE("what is under way to a follower is bounded, and a heartbeat's answer has it asked where it stands") {
  RaftFixture f(voters(2), {}, FlowLimits{1U << 20U, 2, 1U << 20U});
  f.elect({2});
  f.acknowledge(2, 1);  // pipelining from here on
  std::size_t appends = 0;
  for (int i = 0; i < 10; ++i) appends += sent<Append>(f.propose().messages, 2).size();
  CHECK_EQ(appends, 2);
  CHECK(sent<Append>(f.receive(2, HeartbeatReply{base::Term(1), {}}).messages, 2).empty());  // that of a read's round
  f.tick(1);
  const auto asked = sent<Append>(f.receive(2, HeartbeatReply{base::Term(1), {}}).messages, 2);
  REQUIRE_EQ(asked.size(), 1);
  CHECK(asked[0].entries.empty());  // what is under way may be slow, and not lost
  CHECK_FALSE(asked[0].is_news_only);
  CHECK(asked[0].previous == id(1, 3));
  CHECK(sent<Append>(f.receive(2, HeartbeatReply{base::Term(1), {}}).messages, 2).empty());  // once per tick
  CHECK(sent<Append>(f.propose().messages, 2).empty());
  f.acknowledge(2, 3);
  CHECK_EQ(sent<Append>(f.output.messages, 2).size(), 1);
}

TEST_CASE("entries that were lost on the way are found missing by that question, and sent again") {
  RaftFixture f(voters(2), {}, FlowLimits{1U << 20U, 2, 1U << 20U});
  f.elect({2});
  f.acknowledge(2, 1);
  for (int i = 0; i < 4; ++i) f.propose();
  f.tick(1);
  f.receive(2, HeartbeatReply{base::Term(1), {}});
  const auto again = sent<Append>(f.receive(2, AppendReply{base::Term(1), false, base::LogIndex(3), id(1, 1)}).messages, 2);
  REQUIRE_EQ(again.size(), 1);
  CHECK(again[0].previous == id(1, 1));
  CHECK_EQ(again[0].entries.size(), 4);
}

TEST_CASE("a follower whose disk has lost what it had acknowledged is given it again, and counts for none of it meanwhile") {
  RaftFixture f(voters(3), {});
  f.elect({2});
  f.acknowledge(2, 1);
  f.propose();
  f.propose();
  f.acknowledge(2, 3);
  REQUIRE_EQ(f.raft.progress(member(2))->matched(), base::LogIndex(3));
  f.step(Unreachable{member(2)});  // it starts again, with 1/1 alone
  f.tick(1);
  f.receive(2, HeartbeatReply{base::Term(1), {}});
  const auto again = sent<Append>(f.receive(2, AppendReply{base::Term(1), false, base::LogIndex(3), id(1, 1)}).messages, 2);
  REQUIRE_EQ(again.size(), 1);
  CHECK(again[0].previous == id(1, 1));
  CHECK_EQ(again[0].entries.size(), 2);
  CHECK_EQ(f.raft.progress(member(2))->matched(), base::LogIndex(1));
  f.acknowledge(2, 3);
  CHECK_EQ(f.raft.progress(member(2))->matched(), base::LogIndex(3));
}

TEST_CASE("one append holds no more than its bytes, but one entry always") {
  RaftFixture f(voters(2), {}, FlowLimits{10, 256, 1U << 20U});
  f.elect({2});
  f.acknowledge(2, 1);
  const auto item = [](std::size_t size) { return Propose::Item{base::EntryKind::command, std::make_shared<const std::string>(size, 'x')}; };
  const auto appends = sent<Append>(f.step(Propose{{item(4), item(6), item(1), item(50), item(1)}}).messages, 2);
  REQUIRE_EQ(appends.size(), 4);
  CHECK_EQ(appends[0].entries.size(), 2);
  CHECK_EQ(appends[2].entries.size(), 1);
}

TEST_CASE("a follower that needs what is no longer kept gets a snapshot, and goes on behind it") {  // §7
  RaftFixture f(voters(3), {});
  f.elect({2});
  f.persist_all();
  f.acknowledge(2, 1);
  f.propose();
  f.persist_all();
  f.acknowledge(2, 2);
  f.raft.drop_through(base::LogIndex(2));
  const Output& out = f.receive(3, AppendReply{base::Term(1), false, base::LogIndex(0), {}});
  CHECK(out.snapshots == std::vector<base::MemberId>{member(3)});
  CHECK(f.propose().snapshots.empty());  // once is enough
  const Snapshot snapshot = f.raft.snapshot_at(base::LogIndex(2));
  CHECK(snapshot.last == id(1, 2));
  RaftFixture follower(voters(3), {});
  const Output& installed = follower.receive(2, snapshot);
  REQUIRE(installed.install.has_value());
  CHECK_EQ(follower.raft.committed(), base::LogIndex(2));
  const auto reply = sent<AppendReply>(installed.after_persist, 2);
  REQUIRE_EQ(reply.size(), 1);
  const auto rest = sent<Append>(f.receive(3, reply[0]).messages, 3);
  REQUIRE_FALSE(rest.empty());
  CHECK(rest[0].previous == id(1, 2));
  // One that is older than what is committed changes nothing.
  CHECK_FALSE(follower.receive(2, Snapshot{base::Term(1), id(1, 1), voters(3)}).install.has_value());
  CHECK_EQ(follower.raft.committed(), base::LogIndex(2));
}

TEST_CASE("a snapshot that came too late is followed by another, and one that is over waits for a sign of life") {
  RaftFixture f(voters(3), {});
  f.elect({2});
  const auto commit = [&f](std::uint64_t index) {
    f.persist_all();
    f.acknowledge(2, index);
    REQUIRE_EQ(f.raft.committed(), base::LogIndex(index));
  };
  commit(1);
  f.raft.drop_through(base::LogIndex(1));
  REQUIRE_EQ(f.receive(3, AppendReply{base::Term(1), false, base::LogIndex(0), {}}).snapshots.size(), 1);
  f.step(SnapshotOver{member(3)});
  CHECK(f.propose().snapshots.empty());  // or a dead member would be sent one per proposal
  f.tick(1);
  CHECK_EQ(f.receive(3, HeartbeatReply{base::Term(1), {}}).snapshots.size(), 1);
  commit(2);
  f.raft.drop_through(base::LogIndex(2));
  f.acknowledge(3, 1);  // it has got what was current when it was asked for
  CHECK_EQ(f.output.snapshots.size(), 1);
}

TEST_CASE("proposals travel to the leader, and are refused where none is known") {
  RaftFixture f(voters(3), {});
  CHECK(f.propose().proposal_refused);
  f.receive(2, Heartbeat{base::Term(1), {}, {}});
  const auto forwarded = sent<ForwardedProposal>(f.propose().messages, 2);
  CHECK_FALSE(f.output.proposal_refused);
  REQUIRE_EQ(forwarded.size(), 1);
  RaftFixture leader(voters(3), {});
  leader.elect({2});
  CHECK_EQ(leader.receive(3, forwarded[0]).entries.size(), 1);
}

TEST_CASE("the uncommitted tail is bounded") {
  RaftFixture f(voters(3), {});
  f.elect({2});
  const Propose large{{{base::EntryKind::command, std::make_shared<const std::string>((1U << 20U) + 1, 'x')}}};
  CHECK_FALSE(f.step(large).proposal_refused);  // one goes alone
  CHECK(f.propose().proposal_refused);
  f.persist_all();
  f.acknowledge(2, 2);
  CHECK_FALSE(f.propose().proposal_refused);
}

}  // namespace raft
