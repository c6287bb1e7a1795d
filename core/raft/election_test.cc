// Who may lead: Raft §5.2, §5.4.1, §6; thesis §3.10, §4.2, §6.2, §9.6.
#include "core/base/mark.h"
#include "core/raft/test_raft.h"

namespace raft {

TEST_CASE("a vote is granted only to a log at least as up to date, and leaves when it is durable") {  // §5.4.1
  struct Case { const char* name; std::vector<std::uint64_t> ours; base::EntryId theirs; bool is_granted; };
  const Case cases[] = {
      {"same log", {1, 2}, id(2, 2), true},
      {"same term, longer", {1, 2}, id(2, 3), true},
      {"same term, shorter", {1, 2, 2}, id(2, 2), false},
      {"later term beats length", {1, 1, 1}, id(2, 1), true},
      {"earlier term never wins", {2}, id(1, 9), false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    RaftFixture f(voters(3), c.ours);
    const Output& out = f.receive(2, VoteRequest{base::Term(3), false, false, c.theirs});
    const auto granted = sent<VoteReply>(out.after_persist, 2);
    const auto refused = sent<VoteReply>(out.messages, 2);
    REQUIRE_EQ(granted.size() + refused.size(), 1);
    CHECK_EQ(granted.size(), c.is_granted ? 1 : 0);
    CHECK_EQ((c.is_granted ? granted : refused)[0].is_granted, c.is_granted);
    REQUIRE(out.hard_state.has_value());  // the term at least
    CHECK_EQ(out.hard_state->voted_for, c.is_granted ? member(2) : base::MemberId::none);
  }
}

TEST_CASE("there is one vote per term, also across a restart") {  // §5.2
  RaftFixture f(voters(3), {});
  f.receive(2, VoteRequest{base::Term(1), false, false, {}});
  CHECK_FALSE(sent<VoteReply>(f.receive(3, VoteRequest{base::Term(1), false, false, {}}).messages, 3)[0].is_granted);
  CHECK(sent<VoteReply>(f.receive(2, VoteRequest{base::Term(1), false, false, {}}).after_persist, 2)[0].is_granted);
  Remembered again = RaftFixture::remembered(voters(3), {});
  again.hard_state = f.raft.hard_state();
  Raft restarted({kSelf, 10, {}, 1U << 20U}, std::move(again));
  Output out;
  restarted.step(Received{member(3), VoteRequest{base::Term(1), false, false, {}}}, out);
  CHECK_FALSE(sent<VoteReply>(out.messages, 3)[0].is_granted);
}

TEST_CASE("a member asks before it campaigns, and asking changes nothing") {  // thesis §9.6
  RaftFixture f(voters(3), {1});
  f.tick(10);
  CHECK_EQ(f.raft.role(), Role::pre_candidate);
  CHECK_EQ(f.raft.term(), base::Term(1));
  CHECK_FALSE(f.output.hard_state.has_value());
  const auto asked = sent<VoteRequest>(f.output.messages, 2);
  REQUIRE_EQ(asked.size(), 1);
  CHECK(asked[0].is_pre_vote);
  CHECK_EQ(asked[0].term, base::Term(2));
  RaftFixture voter(voters(3), {1});
  CHECK(sent<VoteReply>(voter.receive(2, asked[0]).messages, 2)[0].is_granted);
  CHECK_EQ(voter.raft.term(), base::Term(1));
}

TEST_CASE("why a vote is refused leaves a mark, of that step alone") {
  struct Case { const char* name; VoteRequest request; bool hears_leader; base::Mark mark; };
  const Case cases[] = {
      {"led", {base::Term(3), true, false, id(2, 2)}, true, base::Mark::pre_vote_refused_as_led},
      {"led, in earnest", {base::Term(3), false, false, id(2, 2)}, true, base::Mark::vote_refused_as_led},
      {"shorter, asking", {base::Term(3), true, false, id(2, 1)}, false, base::Mark::pre_vote_refused_for_log},
      {"shorter", {base::Term(3), false, false, id(2, 1)}, false, base::Mark::vote_refused_for_log},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    RaftFixture f(voters(3), {1, 2});
    if (c.hears_leader) f.receive(3, Heartbeat{base::Term(2), {}, {}});
    const Output& out = f.receive(2, c.request);
    int count = 0;
    out.marks.each([&](base::Mark) { ++count; });
    CHECK(out.marks.has(c.mark));
    CHECK_EQ(count, 1);
    f.tick(1);
    CHECK_FALSE(f.output.marks.has(c.mark));
  }
}

TEST_CASE("a pre-vote is no vote") {  // ScyllaDB bd168d57
  RaftFixture f(voters(3), {1});
  f.tick(10);
  f.receive(2, VoteReply{base::Term(2), true, true});
  REQUIRE_EQ(f.raft.role(), Role::candidate);
  f.persist_all();
  f.receive(2, VoteReply{base::Term(2), true, true});
  f.receive(3, VoteReply{base::Term(2), true, true});
  CHECK_EQ(f.raft.role(), Role::candidate);
  f.receive(3, VoteReply{base::Term(2), false, true});
  CHECK_EQ(f.raft.role(), Role::leader);
}

TEST_CASE("votes are asked for when the candidate's term and log are durable, and its own vote counts from then on") {
  RaftFixture f(voters(3), {1});
  f.tick(10);
  const Output& out = f.receive(2, VoteReply{base::Term(2), true, true});
  CHECK(sent<VoteRequest>(out.messages, 3).empty());
  CHECK_EQ(sent<VoteRequest>(out.after_persist, 3).size(), 1);
  f.receive(2, VoteReply{base::Term(2), false, true});
  CHECK_EQ(f.raft.role(), Role::candidate);
  f.persist_all();
  CHECK_EQ(f.raft.role(), Role::leader);
}

TEST_CASE("whoever hears a leader ignores candidates, unless the leader sent them") {  // §6; thesis §4.2.3, §3.10
  for (const bool is_pre_vote : {false, true}) {
    for (const bool is_transfer : {false, true}) {
      CAPTURE(is_pre_vote);
      CAPTURE(is_transfer);
      RaftFixture f(voters(3), {1});
      f.receive(2, Heartbeat{base::Term(1), {}, {}});
      const Output& out = f.receive(3, VoteRequest{base::Term(2), is_pre_vote, is_transfer, id(1, 1)});
      CHECK_EQ(out.messages.empty() && out.after_persist.empty(), !is_transfer);
      CHECK_EQ(f.raft.term(), base::Term(is_transfer && !is_pre_vote ? 2 : 1));
      f.tick(10);  // now the leader is late
      f.receive(3, VoteRequest{base::Term(5), is_pre_vote, false, id(4, 1)});
      CHECK_EQ(f.output.messages.size() + f.output.after_persist.size(), 1);
    }
  }
}

TEST_CASE("a vote that is given resets the election timer; one that is refused does not") {  // §5.2
  for (const bool is_granted : {true, false}) {
    CAPTURE(is_granted);
    RaftFixture f(voters(3), {2});
    f.tick(9);
    f.receive(2, VoteRequest{base::Term(3), false, false, is_granted ? id(2, 1) : id(1, 1)});
    f.tick(1);
    CHECK_EQ(f.raft.role(), is_granted ? Role::follower : Role::pre_candidate);
  }
}

TEST_CASE("the jitter of a tick delays a campaign") {
  RaftFixture f(voters(3), {});
  for (int i = 0; i < 16; ++i) f.step(Tick{7});
  CHECK_EQ(f.raft.role(), Role::follower);
  f.step(Tick{7});
  CHECK_EQ(f.raft.role(), Role::pre_candidate);
}

TEST_CASE("a leader that a majority does not answer for an election timeout steps down") {  // thesis §6.2
  RaftFixture f(voters(3), {});
  f.elect({2});
  f.acknowledge(2, 1);
  f.tick(10);
  CHECK_EQ(f.raft.role(), Role::leader);
  f.tick(10);
  CHECK_EQ(f.raft.role(), Role::follower);
  CHECK_EQ(f.raft.leader(), base::MemberId::none);
}

// Found by the oracle of the election timer (cluster, seed 473): it stayed a pre-candidate, and the next answer to its question made it
// campaign in the instant in which it had given its vote away.
TEST_CASE("whoever gives its vote away stops asking for votes itself") {
  RaftFixture f(voters(3), {});
  f.receive(2, Heartbeat{base::Term(1), {}, {}});
  f.tick(10);
  REQUIRE_EQ(f.raft.role(), Role::pre_candidate);
  f.receive(3, VoteRequest{base::Term(1), false, false, {}});
  REQUIRE_EQ(sent<VoteReply>(f.output.after_persist, 3).size(), 1);
  CHECK_EQ(f.raft.role(), Role::follower);
  f.receive(2, VoteReply{base::Term(2), true, true});
  CHECK_EQ(f.raft.role(), Role::follower);
  CHECK_EQ(f.raft.term(), base::Term(1));
}

TEST_CASE("a learner neither campaigns nor counts") {  // thesis §4.2.1
  Configuration group = voters(3);
  group.members[2].is_learner = true;
  RaftFixture f(group, {});
  f.tick(10);
  f.receive(3, VoteReply{base::Term(1), true, true});
  CHECK_EQ(f.raft.role(), Role::pre_candidate);
  f.receive(2, VoteReply{base::Term(1), true, true});
  CHECK_EQ(f.raft.role(), Role::candidate);
  group = voters(3);
  group.members[0].is_learner = true;
  RaftFixture learner(group, {});
  learner.tick(100);
  CHECK_EQ(learner.raft.role(), Role::follower);
}

TEST_CASE("whoever is behind in time is told, and a later term ends every role") {  // §5.1
  RaftFixture f(voters(3), {4});
  CHECK_EQ(sent<AppendReply>(f.receive(2, Append{base::Term(3), {}, {}, {}}).messages, 2)[0].term, base::Term(4));
  CHECK_EQ(sent<HeartbeatReply>(f.receive(2, Heartbeat{base::Term(3), {}, {}}).messages, 2)[0].term, base::Term(4));
  CHECK_EQ(sent<VoteReply>(f.receive(2, VoteRequest{base::Term(3), false, false, id(9, 9)}).messages, 2)[0].term, base::Term(4));
  f.elect({2});
  f.receive(2, HeartbeatReply{base::Term(9), {}});
  CHECK_EQ(f.raft.role(), Role::follower);
  CHECK_EQ(f.raft.term(), base::Term(9));
}

TEST_CASE("leadership goes to a voter that has the whole log, without a pre-vote") {  // thesis §3.10
  RaftFixture f(voters(3), {});
  f.elect({2});
  f.step(TransferLeadership{member(2)});
  CHECK(sent<TimeoutNow>(f.output.messages, 2).empty());
  CHECK(f.propose().proposal_refused);  // or the log would never be whole
  f.acknowledge(2, 1);
  CHECK_EQ(sent<TimeoutNow>(f.output.messages, 2).size(), 1);
  f.receive(2, HeartbeatReply{base::Term(1), {}});
  f.tick(10);  // it had its time
  CHECK_FALSE(f.propose().proposal_refused);
  RaftFixture heir(voters(3), {1});
  const Output& out = heir.receive(2, TimeoutNow{base::Term(1)});
  const auto asked = sent<VoteRequest>(out.after_persist, 3);
  REQUIRE_EQ(asked.size(), 1);
  CHECK(asked[0].is_transfer);
  CHECK_FALSE(asked[0].is_pre_vote);
}

}  // namespace raft
