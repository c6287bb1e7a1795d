#include "core/replica/reads.h"

#include <doctest/doctest.h>

#include <optional>

namespace replica {

namespace {

struct WaitingRead final : ReadWait {
  void on_readable() override { is_readable = true; }
  void on_refused(const base::Error& error) override { refusal = error.code; }
  bool is_readable = false;
  std::optional<base::Code> refusal;
};

const base::Error kRefusal{base::Code::not_leader, "another leader came"};

}  // namespace

TEST_CASE("all reads since the last question share the next one, and are answered once what they must see is applied") {
  Reads reads;
  WaitingRead first, second, later;
  reads.add(first);
  reads.add(second);
  const std::optional<raft::ReadToken> token = reads.ask();
  REQUIRE(token.has_value());
  reads.add(later);
  reads.on_ready({*token, base::LogIndex(7)});
  reads.answer(base::LogIndex(6));
  CHECK_FALSE(first.is_readable);
  reads.answer(base::LogIndex(7));
  CHECK(first.is_readable);
  CHECK(second.is_readable);
  CHECK_FALSE(later.is_readable);
  CHECK(reads.ask().has_value());
  CHECK_FALSE(reads.ask().has_value());
}

TEST_CASE("a question without an answer is asked again, and an answer to any of its tokens will do, also for those before it") {
  Reads reads;
  WaitingRead first, second;
  reads.add(first);
  reads.ask();
  reads.add(second);
  const raft::ReadToken token = *reads.ask();
  CHECK(reads.ask_again(2).empty());
  CHECK_EQ(reads.ask_again(2).size(), 2);
  reads.on_ready({token, base::LogIndex(3)});  // late, to what was asked first
  CHECK_EQ(reads.ask_again(1).size(), 0);
  reads.answer(base::LogIndex(3));
  CHECK(first.is_readable);
  CHECK(second.is_readable);
}

TEST_CASE("another leader refuses what is under way: not what has its answer, nor what was not asked yet") {
  Reads reads;
  WaitingRead confirmed, under_way, queued;
  reads.add(confirmed);
  reads.on_ready({*reads.ask(), base::LogIndex(3)});
  reads.add(under_way);
  reads.ask();
  reads.add(queued);
  reads.refuse_under_way(kRefusal);
  CHECK_FALSE(confirmed.refusal.has_value());
  CHECK_EQ(under_way.refusal, base::Code::not_leader);
  CHECK_FALSE(queued.refusal.has_value());
  reads.refuse_all(kRefusal);
  CHECK(confirmed.refusal.has_value());
  CHECK(queued.refusal.has_value());
}

TEST_CASE("a reader that has left is not waited for") {
  Reads reads;
  WaitingRead stays;
  {
    WaitingRead gone;
    reads.add(gone);
    reads.ask();
  }
  reads.add(stays);
  const raft::ReadToken token = *reads.ask();
  reads.forget_abandoned();
  CHECK_EQ(reads.ask_again(1).size(), 1);
  reads.on_ready({token, base::LogIndex(1)});
  reads.answer(base::LogIndex(1));
  CHECK(stays.is_readable);
}

}  // namespace replica
