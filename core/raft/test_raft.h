// core/raft/test_raft.h: one member of a group for tests that look at single steps.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/raft/raft.h"
#include "core/raft/test_group.h"

namespace raft {

constexpr base::MemberId kSelf = member(1);

inline base::EntryId id(std::uint64_t term, std::uint64_t index) { return {base::Term(term), base::LogIndex(index)}; }
inline base::Entry entry(std::uint64_t term, std::uint64_t index) {
  return {id(term, index), base::EntryKind::command, std::make_shared<const std::string>("x")};
}

// Member 1 of a group, and the outputs of its steps, one at a time.
struct RaftFixture {
  // A log with entries of these terms, all of them durable, and the term of the last one.
  RaftFixture(Configuration configuration, const std::vector<std::uint64_t>& terms, FlowLimits flow = {})
      : RaftFixture(remembered(std::move(configuration), terms), flow) {}
  explicit RaftFixture(Remembered remembered, FlowLimits flow = {}) : raft({kSelf, 10, flow, 1U << 20U}, std::move(remembered)) {}

  static Remembered remembered(Configuration configuration, const std::vector<std::uint64_t>& terms) {
    Remembered out;
    out.configuration = std::move(configuration);
    for (const std::uint64_t term : terms) out.entries.push_back(entry(term, out.entries.size() + 1));
    if (!terms.empty()) out.hard_state.term = base::Term(terms.back());
    return out;
  }

  const Output& step(const Input& input) {
    output.clear();
    raft.step(input, output);
    return output;
  }
  const Output& receive(std::uint64_t from, Message message) { return step(Received{member(from), std::move(message)}); }
  const Output& persist_all() { return step(Persisted{raft.term(), raft.log().last()}); }
  const Output& propose() {
    return step(Propose{{{base::EntryKind::command, std::make_shared<const std::string>("x")}}});
  }
  void tick(int times) {
    for (int i = 0; i < times; ++i) step(Tick{0});
  }
  // Through pre-vote and vote, by the answers of these members; the first entry of the term is not yet acknowledged by anyone.
  void elect(const std::vector<std::uint64_t>& voters) {
    tick(10);
    const base::Term next = raft.term().next();
    for (const std::uint64_t voter : voters) {
      if (raft.role() == Role::pre_candidate) receive(voter, VoteReply{next, true, true});
    }
    persist_all();
    for (const std::uint64_t voter : voters) {
      if (raft.role() == Role::candidate) receive(voter, VoteReply{next, false, true});
    }
    REQUIRE_EQ(raft.role(), Role::leader);
  }
  void acknowledge(std::uint64_t from, std::uint64_t index) {
    receive(from, AppendReply{raft.term(), true, base::LogIndex(index), {}});
  }

  Raft raft;
  Output output;
};

// The messages of one kind to one member, in order.
template <typename M>
std::vector<M> sent(const std::vector<Outbound>& out, std::uint64_t to) {
  std::vector<M> found;
  for (const Outbound& one : out) {
    const M* const message = std::get_if<M>(&one.message);
    if (one.to == member(to) && message != nullptr) found.push_back(*message);
  }
  return found;
}

}  // namespace raft
