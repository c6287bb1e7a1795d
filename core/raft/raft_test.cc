#include "core/raft/raft.h"

#include "core/raft/test_raft.h"

namespace raft {

namespace {

Remembered fresh() { return {{}, {}, {{{kSelf, false, ""}}}, {}, {}}; }

// A member and the outputs of its steps, one at a time.
struct AloneFixture {
  explicit AloneFixture(Remembered remembered = fresh()) : raft({kSelf, 10, {}, 1U << 20U}, std::move(remembered)) {}

  const Output& step(const Input& input) {
    output.clear();
    raft.step(input, output);
    return output;
  }
  const Output& persist_all() { return step(Persisted{raft.term(), raft.log().last()}); }
  const Output& propose(const char* bytes) {
    return step(Propose{{{base::EntryKind::command, std::make_shared<const std::string>(bytes)}}});
  }
  void elect() {
    step(Tick{});
    persist_all();  // the vote
    persist_all();  // the empty entry
    REQUIRE_EQ(raft.role(), Role::leader);
  }

  Raft raft;
  Output output;
};

}  // namespace

TEST_CASE("a vote counts only once it is durable") {  // Raft §5.2
  AloneFixture f;
  const Output& out = f.step(Tick{});
  REQUIRE(out.hard_state.has_value());
  CHECK_EQ(out.hard_state->term, base::Term(1));
  CHECK_EQ(out.hard_state->voted_for, kSelf);
  CHECK_EQ(f.raft.role(), Role::candidate);
  for (int i = 0; i < 50; ++i) f.step(Tick{});
  CHECK_EQ(f.raft.role(), Role::candidate);
  CHECK_EQ(f.raft.term(), base::Term(1));  // its own slow disk is no reason for another term
  f.persist_all();
  CHECK_EQ(f.raft.role(), Role::leader);
}

TEST_CASE("a new leader appends an empty entry of its term") {  // Raft §8
  AloneFixture f;
  f.step(Tick{});
  const Output& out = f.persist_all();
  REQUIRE_EQ(out.entries.size(), 1);
  CHECK_EQ(out.entries[0].kind, base::EntryKind::empty);
  CHECK((out.entries[0].id == base::EntryId{base::Term(1), base::LogIndex(1)}));
}

TEST_CASE("an entry commits when the disk has it, and not before") {  // Raft §5.3; etcd issue 14370
  AloneFixture f;
  f.elect();
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));
  f.propose("a");
  f.propose("b");
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));
  f.step(Tick{});
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));
  f.step(Persisted{f.raft.term(), {f.raft.term(), base::LogIndex(2)}});
  CHECK_EQ(f.raft.committed(), base::LogIndex(2));
  f.persist_all();
  CHECK_EQ(f.raft.committed(), base::LogIndex(3));
}

TEST_CASE("entries of an earlier term commit only with one of this term") {  // Raft §5.4.2
  Remembered remembered = fresh();
  remembered.hard_state = {base::Term(2), kSelf, base::LogIndex(1)};
  remembered.entries = {entry(1, 1), entry(2, 2), entry(2, 3)};
  AloneFixture f(std::move(remembered));
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));  // the hint, and nothing more
  f.step(Tick{});
  f.persist_all();
  CHECK_EQ(f.raft.role(), Role::leader);
  CHECK_EQ(f.raft.committed(), base::LogIndex(1));
  f.persist_all();
  CHECK_EQ(f.raft.committed(), base::LogIndex(4));
}

TEST_CASE("what the state machine has applied is committed, whatever the hint says") {
  Remembered remembered = fresh();
  remembered.hard_state = {base::Term(1), kSelf, base::LogIndex(1)};
  remembered.entries = {entry(1, 1), entry(1, 2)};
  remembered.applied = base::LogIndex(2);
  CHECK_EQ(AloneFixture(std::move(remembered)).raft.committed(), base::LogIndex(2));
}

TEST_CASE("a hint that is ahead of what the log has kept is no more than a hint") {
  Remembered remembered = fresh();
  remembered.hard_state = {base::Term(1), kSelf, base::LogIndex(9)};
  remembered.entries = {entry(1, 1), entry(1, 2)};
  CHECK_EQ(AloneFixture(std::move(remembered)).raft.committed(), base::LogIndex(2));
}

TEST_CASE("only a leader takes proposals and reads") {
  AloneFixture f;
  CHECK(f.propose("a").proposal_refused);
  CHECK_EQ(f.raft.log().entry_count(), 0);
  CHECK_EQ(f.step(ReadRequest{ReadToken{1}}).reads_refused.size(), 1);
}

TEST_CASE("a read waits for the first commit of the term") {  // Raft §8; etcd issue 7331
  AloneFixture f;
  f.step(Tick{});
  f.persist_all();
  REQUIRE_EQ(f.raft.role(), Role::leader);
  CHECK(f.step(ReadRequest{ReadToken{1}}).reads.empty());
  CHECK(f.step(ReadRequest{ReadToken{2}}).reads.empty());
  const Output& out = f.persist_all();
  REQUIRE_EQ(out.reads.size(), 2);
  CHECK_EQ(out.reads[0].index, base::LogIndex(1));
  CHECK_EQ(f.step(ReadRequest{ReadToken{3}}).reads.size(), 1);
}

TEST_CASE("a leader's entries follow one another, over restarts too") {
  AloneFixture f;
  f.elect();
  f.propose("a");
  f.persist_all();
  const base::LogStart start = f.raft.drop_through(base::LogIndex(1));
  CHECK((start.last_dropped == base::EntryId{base::Term(1), base::LogIndex(1)}));

  Remembered remembered;
  remembered.hard_state = f.raft.hard_state();
  remembered.last_dropped = start.last_dropped;
  remembered.configuration = *decode_configuration(start.configuration);
  remembered.entries = {f.raft.log().at(base::LogIndex(2))};
  remembered.applied = base::LogIndex(1);
  AloneFixture again(std::move(remembered));
  again.elect();
  CHECK_EQ(again.raft.term(), base::Term(2));
  CHECK((again.raft.log().last() == base::EntryId{base::Term(2), base::LogIndex(3)}));
  CHECK_EQ(again.raft.committed(), base::LogIndex(3));
}

}  // namespace raft
