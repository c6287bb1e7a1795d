// Linearizable reads: Raft §8, thesis §6.4.
#include "core/raft/test_raft.h"

namespace raft {

namespace {
// A leader of three that has committed the first entry of its term.
RaftFixture leader() {
  RaftFixture f(voters(3), {});
  f.elect({2});
  f.persist_all();
  f.acknowledge(2, 1);
  REQUIRE_EQ(f.raft.committed(), base::LogIndex(1));
  return f;
}
}  // namespace

TEST_CASE("a read is answered when a majority has answered a heartbeat that is younger than it") {
  RaftFixture f = leader();
  const Round before = sent<Heartbeat>(f.step(ReadRequest{{1}}).messages, 2)[0].round;
  f.step(ReadRequest{{2}});
  const Round round = sent<Heartbeat>(f.output.messages, 2)[0].round;
  CHECK(before < round);
  CHECK(f.output.reads.empty());
  const Output& out = f.receive(2, HeartbeatReply{base::Term(1), before});
  REQUIRE_EQ(out.reads.size(), 1);  // an answer to the first question says nothing of the second (etcd issue 20418)
  CHECK_EQ(out.reads[0].token.value, 1);
  CHECK_EQ(f.receive(3, HeartbeatReply{base::Term(1), round}).reads.size(), 1);
}

TEST_CASE("a read waits for the first commit of the term") {  // §8; etcd issue 7331
  RaftFixture f(voters(3), {1});
  f.elect({2});
  f.persist_all();
  CHECK(f.step(ReadRequest{{1}}).messages.empty());
  f.acknowledge(3, 2);
  const auto asked = sent<Heartbeat>(f.output.messages, 2);
  REQUIRE_FALSE(asked.empty());
  const Output& out = f.receive(2, HeartbeatReply{base::Term(2), asked.back().round});
  REQUIRE_EQ(out.reads.size(), 1);
  CHECK_EQ(out.reads[0].index, base::LogIndex(2));
}

TEST_CASE("the answer is what was committed when the question came, and learners do not confirm it") {
  Configuration group = voters(4);
  group.members[3].is_learner = true;
  RaftFixture f(group, {});
  f.elect({2});
  f.persist_all();
  f.acknowledge(2, 1);
  const Round round = sent<Heartbeat>(f.step(ReadRequest{{1}}).messages, 2)[0].round;
  f.propose();
  f.persist_all();
  f.acknowledge(2, 2);
  CHECK(f.receive(4, HeartbeatReply{base::Term(1), round}).reads.empty());
  CHECK_EQ(f.receive(2, HeartbeatReply{base::Term(1), round}).reads[0].index, base::LogIndex(1));
}

TEST_CASE("a follower asks its leader, and passes the answer on") {
  RaftFixture follower(voters(3), {});
  CHECK_EQ(follower.step(ReadRequest{{7}}).reads_refused.size(), 1);
  follower.receive(2, Heartbeat{base::Term(1), {}, {}});
  const auto asked = sent<ForwardedRead>(follower.step(ReadRequest{{8}}).messages, 2);
  REQUIRE_EQ(asked.size(), 1);
  RaftFixture f = leader();
  const Round round = sent<Heartbeat>(f.receive(3, asked[0]).messages, 2)[0].round;
  const auto answer = sent<ReadReply>(f.receive(2, HeartbeatReply{base::Term(1), round}).messages, 3);
  REQUIRE_EQ(answer.size(), 1);
  const Output& out = follower.receive(2, answer[0]);
  REQUIRE_EQ(out.reads.size(), 1);
  CHECK_EQ(out.reads[0].token.value, 8);
  CHECK_EQ(out.reads[0].index, base::LogIndex(1));
}

TEST_CASE("a read that waits for others is answered when the group shrinks to one") {
  RaftFixture f(voters(2), {});
  f.elect({2});
  f.persist_all();
  f.acknowledge(2, 1);
  CHECK(f.step(ReadRequest{{1}}).reads.empty());  // the round is lost
  f.step(ProposeConfiguration{voters(1)});
  f.persist_all();
  f.acknowledge(2, 2);
  REQUIRE_EQ(f.output.reads.size(), 1);
  CHECK(f.raft.configuration() == voters(1));
}

TEST_CASE("a leader that is deposed refuses its reads") {
  RaftFixture f = leader();
  f.step(ReadRequest{{1}});
  CHECK_EQ(f.receive(2, HeartbeatReply{base::Term(9), {}}).reads_refused.size(), 1);
}

}  // namespace raft
