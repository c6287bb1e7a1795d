#include "core/replica/proposals.h"

#include <doctest/doctest.h>

#include <deque>
#include <optional>
#include <string>

#include "core/replica/command.h"

namespace replica {

namespace {

struct WaitingProposal final : Proposal {
  void on_applied(std::string answer) override { response = std::move(answer); }
  void on_refused(const base::Error& error) override {
    refusal = error.code;
    if (leaves_with_it != nullptr) proposals->abandon(*leaves_with_it);
  }
  Proposals* proposals = nullptr;
  WaitingProposal* leaves_with_it = nullptr;
  std::optional<std::string> response;
  std::optional<base::Code> refusal;
};

struct ProposalsFixture {
  ProposalsFixture() { proposals.begin(100); }
  WaitingProposal& add(std::string_view command) {
    WaitingProposal& one = waiting.emplace_back();
    one.proposals = &proposals;
    proposals.add(command, "", 0, one);
    return one;
  }
  static std::vector<std::string> commands(const Proposals::Batch& batch) {
    std::vector<std::string> out;
    for (const raft::ProposalItem& item : batch.propose.items) out.emplace_back(decode_command(*item.data)->bytes);
    return out;
  }

  Proposals proposals;
  std::deque<WaitingProposal> waiting;
};

raft::ForwardedProposal forwarded(std::string bytes) {
  raft::ForwardedProposal message;
  message.items.push_back({base::EntryKind::command, std::make_shared<const std::string>(std::move(bytes))});
  return message;
}

}  // namespace

TEST_CASE("a batch holds what fits, one command at least, and stays queued until it is dropped") {
  ProposalsFixture f;
  f.add("first");
  f.add("second");
  const std::uint64_t all = f.proposals.size_bytes();
  CHECK_EQ(ProposalsFixture::commands(f.proposals.next_batch(all)), std::vector<std::string>{"first", "second"});
  CHECK_EQ(ProposalsFixture::commands(f.proposals.next_batch(all - 1)), std::vector<std::string>{"first"});
  const Proposals::Batch first = f.proposals.next_batch(1);
  CHECK_EQ(ProposalsFixture::commands(first), std::vector<std::string>{"first"});
  CHECK_EQ(f.proposals.entry_count(), 2);
  f.proposals.drop(first);
  CHECK_EQ(f.proposals.entry_count(), 1);
  const Proposals::Batch second = f.proposals.next_batch(1);
  CHECK_EQ(ProposalsFixture::commands(second), std::vector<std::string>{"second"});
  f.proposals.drop(second);
  CHECK(f.proposals.is_queue_empty());
  CHECK_EQ(f.proposals.size_bytes(), 0);
}

TEST_CASE("an abandoned command goes nowhere while it is queued, and nobody is found for it") {
  ProposalsFixture f;
  f.add("first");
  WaitingProposal& gone = f.add("second");
  f.add("third");
  const std::uint64_t id = decode_command(*f.proposals.next_batch(1'000).propose.items[1].data)->requester.request_id;
  CHECK_EQ(f.proposals.find(id), &gone);
  f.proposals.abandon(gone);
  CHECK_EQ(f.proposals.find(id), nullptr);
  CHECK_EQ(f.proposals.entry_count(), 2);
  const Proposals::Batch rest = f.proposals.next_batch(1'000);
  CHECK_EQ(ProposalsFixture::commands(rest), std::vector<std::string>{"first", "third"});
  f.proposals.drop(rest);
  CHECK(f.proposals.is_queue_empty());
}

TEST_CASE("whoever is refused may end another one that waits, which then hears nothing") {
  ProposalsFixture f;
  WaitingProposal& first = f.add("first");
  WaitingProposal& second = f.add("second");
  WaitingProposal& third = f.add("third");
  first.leaves_with_it = &second;
  f.proposals.refuse_all({base::Code::outcome_unknown, "the end"});
  CHECK_EQ(first.refusal, base::Code::outcome_unknown);
  CHECK_FALSE(second.refusal.has_value());
  CHECK_EQ(third.refusal, base::Code::outcome_unknown);
}

TEST_CASE("what was passed on is kept for as long as somebody may wait for it, counted from the first") {
  ProposalsFixture f;
  f.proposals.tick(2);
  f.proposals.add_passed_on(forwarded("one"));
  f.proposals.tick(2);
  f.proposals.add_passed_on(forwarded("two"));
  f.proposals.tick(2);
  CHECK_EQ(f.proposals.entry_count(), 2);
  CHECK_EQ(f.proposals.size_bytes(), 6);
  f.proposals.tick(2);
  CHECK_FALSE(f.proposals.has_passed_on());
  CHECK_EQ(f.proposals.size_bytes(), 0);
  f.proposals.add_passed_on(forwarded("three"));
  CHECK_EQ(f.proposals.take_passed_on().items.size(), 1);
  CHECK_FALSE(f.proposals.has_passed_on());
}

}  // namespace replica
