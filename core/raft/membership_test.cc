// Changes of the group: Raft §6, thesis §4.
#include "core/raft/test_raft.h"

namespace raft {

namespace {

Configuration group(std::initializer_list<std::uint64_t> voters, std::initializer_list<std::uint64_t> learners = {}) {
  std::map<base::MemberId, Member> members;
  for (const std::uint64_t one : voters) members[member(one)] = Member{member(one), false, "", false, false};
  for (const std::uint64_t one : learners) members[member(one)] = Member{member(one), true, "", false, false};
  Configuration out;
  for (const auto& one : members) out.members.push_back(one.second);
  return out;
}

bool is_led(const TestGroup& test) { return test.leader() != base::MemberId::none; }

}  // namespace

TEST_CASE("a change of voters goes through a joint configuration, a change of learners does not") {
  CHECK_FALSE(toward(group({1, 2, 3}), group({1, 2, 3}, {4})).is_joint());
  const Configuration joint = toward(group({1, 2, 3}), group({1, 2, 4}, {3}));
  CHECK(joint.is_joint());
  CHECK(joint.outgoing_voters() == group({1, 2, 3}).voters());
  CHECK(joint.voters() == group({1, 2, 4}).voters());
  CHECK(after_joint(joint) == group({1, 2, 4}, {3}));
  CHECK(after_joint(toward(group({1, 2}), group({3}))) == group({3}));
}

TEST_CASE("a joint configuration needs a majority of each half") {  // §6
  // Against the definition, word for word, for all halves of up to three voters and all votes.
  for (std::uint64_t code = 0; code < 64; ++code) {
    std::vector<Member> members;
    for (std::uint64_t one = 0; one < 3; ++one) {
      const bool is_new = (code >> one & 1U) != 0;
      const bool is_old = (code >> (one + 3) & 1U) != 0;
      if (is_new || is_old) members.push_back(Member{member(one + 1), false, "", is_old, !is_new});
    }
    const Configuration joint{members};
    if (joint.voters().empty()) continue;
    for (std::uint64_t votes = 0; votes < 27; ++votes) {
      const auto vote_of = [votes](base::MemberId one) -> std::optional<bool> {
        std::uint64_t rest = votes;
        for (std::uint64_t i = 1; i < one.value(); ++i) rest /= 3;
        return rest % 3 == 0 ? std::nullopt : std::optional(rest % 3 == 1);
      };
      const auto yes_of = [&](const std::vector<base::MemberId>& of, bool wanted) {
        std::size_t count = 0;
        for (const base::MemberId one : of) count += vote_of(one) == std::optional(wanted) ? 1 : 0;
        return count;
      };
      bool is_won = true;
      bool is_lost = false;
      for (const auto& half : {joint.voters(), joint.outgoing_voters()}) {
        if (half.empty()) continue;
        is_won = is_won && yes_of(half, true) * 2 > half.size();
        is_lost = is_lost || (half.size() - yes_of(half, false)) * 2 <= half.size();
      }
      REQUIRE_EQ(Quorum(joint).decide(vote_of), is_won ? Decision::won : is_lost ? Decision::lost : Decision::open);
    }
  }
}

TEST_CASE("one change at a time, and none before the first commit of the term") {  // thesis §4.1, and its erratum
  RaftFixture f(group({1, 2, 3}), {});
  f.elect({2});
  CHECK(f.step(ProposeConfiguration{group({1, 2, 3}, {4})}).proposal_refused);
  f.persist_all();
  f.acknowledge(2, 1);
  CHECK_FALSE(f.step(ProposeConfiguration{group({1, 2, 3}, {4})}).proposal_refused);
  CHECK(f.raft.configuration() == group({1, 2, 3}, {4}));  // in force once it is in the log
  CHECK(f.step(ProposeConfiguration{group({1, 2, 3}, {5})}).proposal_refused);
  f.persist_all();
  f.acknowledge(2, 2);
  CHECK_FALSE(f.step(ProposeConfiguration{group({1, 2, 3}, {5})}).proposal_refused);
}

TEST_CASE("a snapshot carries the configuration of its index, not the newest") {  // ScyllaDB 5550f176
  RaftFixture f(group({1, 2, 3}), {});
  f.elect({2});
  f.persist_all();
  f.acknowledge(2, 1);
  f.step(ProposeConfiguration{group({1, 2, 3}, {4})});
  CHECK(f.raft.snapshot_at(base::LogIndex(1)).configuration == group({1, 2, 3}));
  f.persist_all();
  f.acknowledge(2, 2);
  CHECK(f.raft.snapshot_at(base::LogIndex(1)).configuration == group({1, 2, 3}));
  CHECK(f.raft.snapshot_at(base::LogIndex(2)).configuration == group({1, 2, 3}, {4}));
  f.raft.drop_through(base::LogIndex(2));
  CHECK(f.raft.snapshot_at(base::LogIndex(2)).configuration == group({1, 2, 3}, {4}));
}

TEST_CASE("a voter of any configuration that may be in force campaigns") {
  // By the newest it is no voter, by the one that it knows to be committed a learner; between the two it was one.
  Remembered remembered = RaftFixture::remembered(group({2}, {1}), {});
  const auto configuration = [&remembered](std::uint64_t index, const Configuration& one) {
    remembered.entries.push_back({id(1, index), base::EntryKind::configuration, std::make_shared<const std::string>(encode(one))});
  };
  configuration(1, toward(group({2}, {1}), group({1, 2})));
  configuration(2, group({1, 2}));
  configuration(3, toward(group({1, 2}), group({2})));
  configuration(4, group({2}));
  remembered.hard_state.term = base::Term(1);
  Raft raft({kSelf, 10, {}, 1U << 20U}, std::move(remembered));
  Output out;
  for (int i = 0; i < 10; ++i) raft.step(Tick{0}, out);
  CHECK_EQ(raft.role(), Role::pre_candidate);
}

TEST_CASE("a new voter has an election timeout to be heard of") {  // thesis §6.2
  RaftFixture f(group({1}), {});
  f.tick(1);
  f.persist_all();
  f.persist_all();
  REQUIRE_EQ(f.raft.role(), Role::leader);
  f.tick(9);
  f.step(ProposeConfiguration{group({1, 2, 3})});
  f.tick(1);
  CHECK_EQ(f.raft.role(), Role::leader);
  f.tick(10);
  CHECK_EQ(f.raft.role(), Role::follower);
}

TEST_CASE("a configuration that is cut off the log is in force no more") {  // thesis §4.1
  RaftFixture f(group({1, 2, 3}), {});
  const auto changed = std::make_shared<const std::string>(encode(group({1, 2, 3}, {4})));
  f.receive(2, Append{base::Term(1), {}, {{id(1, 1), base::EntryKind::configuration, changed}}, {}});
  CHECK(f.raft.configuration() == group({1, 2, 3}, {4}));
  f.receive(3, Append{base::Term(2), {}, {entry(2, 1)}, {}});
  CHECK(f.raft.configuration() == group({1, 2, 3}));
}

TEST_CASE("a group is replaced member by member, or all at once, and its log goes along") {
  TestGroup test(group({1, 2, 3}), {}, 1);
  test.start(member(4));
  test.start(member(5));
  test.start(member(6));
  REQUIRE(test.run(60, [&] { return is_led(test); }));
  test.propose(test.leader());
  test.settle();
  test.step(test.leader(), ProposeConfiguration{group({4, 5, 6})});
  CHECK(test.run(100, [&] {
    const base::MemberId leader = test.leader();
    return leader.value() > 3 && test.raft(leader).configuration() == group({4, 5, 6});
  }));
  for (const std::uint64_t gone : {1U, 2U, 3U}) test.crash(member(gone));
  const std::size_t before = test.committed().size();
  CHECK(test.run(60, [&] { return is_led(test); }));
  test.propose(test.leader());
  test.settle();
  CHECK(test.committed().size() > before);
  CHECK_EQ(test.failure(), "");
}

// Nemesis, seed 493: a leader that is being removed goes down with the end of the joint configuration in its log alone. The others
// still need its vote, and its log is ahead of theirs; it must campaign although it is no voter by its own log (thesis §4.2.2).
TEST_CASE("a member that is being removed campaigns until its removal is committed") {
  TestGroup test(group({1, 2, 3}), {}, 1);
  REQUIRE(test.run(60, [&] { return is_led(test); }));
  const base::MemberId leader = test.leader();
  const auto others = [&](bool is_up) {
    for (const std::uint64_t one : {1U, 2U, 3U}) {
      if (member(one) == leader) continue;
      if (is_up) test.start(member(one));
      else test.crash(member(one));
    }
  };
  Configuration target = group({1, 2, 3});
  target.members.erase(target.members.begin() + static_cast<std::ptrdiff_t>(leader.value() - 1));
  test.step(leader, ProposeConfiguration{target});
  test.persist(leader, 10);
  while (!test.network().empty()) {  // the joint configuration gets around; what follows does not
    const TestGroup::Envelope envelope = test.network().front();
    test.network().pop_front();
    const auto* append = std::get_if<Append>(&envelope.message);
    const bool is_end = append != nullptr && !append->entries.empty() && append->entries.back().id == test.raft(leader).log().last() &&
                        !test.raft(leader).configuration().is_joint();
    if (is_end) break;
    test.deliver(envelope);
    for (const base::MemberId one : test.members()) test.persist(one, 10);
  }
  test.network().clear();
  REQUIRE(test.raft(leader).configuration() == target);
  others(false);
  test.crash(leader);
  test.start(leader);
  others(true);
  CHECK(test.run(200, [&] {
    const base::MemberId next = test.leader();
    return next != base::MemberId::none && next != leader && test.raft(next).configuration() == target &&
           test.raft(next).committed() == test.raft(next).log().last().index;
  }));
  CHECK_EQ(test.failure(), "");
}

// Nemesis, seed 1000101: the leader looked up the term of the joint configuration's entry, which its log had dropped, and died.
TEST_CASE("a leader leaves a joint configuration whose entry its log no longer holds") {
  Remembered remembered = RaftFixture::remembered(group({1, 2, 3}), {1, 1, 1});
  const Configuration joint = toward(group({1, 2, 3}), group({1, 2, 4}));
  remembered.entries[0] = {id(1, 1), base::EntryKind::configuration, std::make_shared<const std::string>(encode(joint))};
  remembered.applied = base::LogIndex(2);
  RaftFixture f(std::move(remembered));
  f.raft.drop_through(base::LogIndex(2));
  f.elect({2, 3, 4});
  f.acknowledge(2, 4);
  CHECK_EQ(f.raft.configuration(), joint);
  f.acknowledge(3, 4);
  f.acknowledge(4, 4);
  CHECK_EQ(f.raft.configuration(), group({1, 2, 4}));
}

// Simulator, membership, seed 485: the leader's last step told the others of the commit, one of them needed a snapshot for it, and the
// leader, which led no more, died when it was to say of which term that is.
TEST_CASE("a leader that has removed itself sends no snapshot") {
  RaftFixture f(group({1, 2, 3, 4}), {});
  f.elect({2, 4});
  const auto acknowledge = [&f](std::uint64_t index) {
    f.persist_all();
    f.acknowledge(2, index);
    f.acknowledge(4, index);
  };
  acknowledge(1);
  f.acknowledge(3, 1);
  f.step(ProposeConfiguration{group({2, 3, 4})});
  acknowledge(2);
  REQUIRE_FALSE(f.raft.configuration().is_joint());
  f.raft.drop_through(base::LogIndex(2));
  f.step(Unreachable{member(3)});
  acknowledge(3);
  CHECK_EQ(f.raft.role(), Role::follower);
  CHECK(f.output.snapshots.empty());
}

TEST_CASE("a change is certain when those whom it replaces have it") {
  for (const std::uint64_t answering : {3U, 4U}) {
    CAPTURE(answering);
    RaftFixture three(group({1, 2, 3}), {});
    CHECK(three.raft.is_configuration_certain());
    three.elect({2});
    three.persist_all();
    three.acknowledge(2, 1);
    three.step(ProposeConfiguration{group({1, 2, 3, 4})});
    three.persist_all();
    CHECK_FALSE(three.raft.is_configuration_certain());
    three.acknowledge(answering, 2);
    CHECK_EQ(three.raft.is_configuration_certain(), answering == 3);  // a newcomer does not count
    CHECK(three.raft.configuration().is_joint());                    // it takes three of the four to go on
  }

  // One alone: as soon as it is on its disk, which it knows after a restart too.
  RaftFixture one(group({1}), {});
  one.elect({});
  one.persist_all();
  one.step(ProposeConfiguration{group({1, 2})});
  CHECK_FALSE(one.raft.is_configuration_certain());
  one.persist_all();
  CHECK(one.raft.is_configuration_certain());
  CHECK(one.raft.configuration().is_joint());
  Remembered remembered = RaftFixture::remembered(group({1}), {});
  remembered.hard_state.term = one.raft.term();
  for (base::LogIndex index(1); index <= one.raft.log().last().index; index = index.next()) remembered.entries.push_back(one.raft.log().at(index));
  const Raft again({kSelf, 10, {}, 1U << 20U}, std::move(remembered));
  CHECK(again.configuration().is_joint());
  CHECK(again.is_configuration_certain());
}

}  // namespace raft
