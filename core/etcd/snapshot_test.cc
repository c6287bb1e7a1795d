// A machine that takes over another one's state.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/etcd/state_machine.h"
#include "core/etcd/test_machine.h"

namespace etcd {
namespace {

using io::sim::CrashKind;
using testing::MachineFixture;
using testing::put_of;
using namespace std::chrono_literals;

constexpr base::StoreGeneration kFirst{1};

struct Done final : io::Completion {
  void complete(base::Status status) override { result = std::move(status); }
  std::optional<base::Status> result;
};

// A member that leads: its log, and what its state was at each index.
class Leader {
 public:
  void apply(CommandKind kind, const google::protobuf::MessageLite& message) {
    log_.push_back(encode_command(kind, message));
    apply_next(machine_);
    states_[machine_.machine().applied().value()] = machine_.machine().state_hash();
  }
  // Some of everything.
  void live(int steps) {
    for (int i = 0; i < steps; ++i, ++step_) {
      const std::string key = "k" + std::to_string(step_ % 17);
      if (step_ % 5 == 3) {
        etcdserverpb::DeleteRangeRequest erase;
        erase.set_key(key);
        apply(CommandKind::delete_range, erase);
      } else if (step_ % 7 == 5) {
        apply(CommandKind::txn, testing::txn_of(": put a=1, put b=2, del k3"));
      } else if (step_ % 19 == 18) {
        etcdserverpb::CompactionRequest compaction;
        compaction.set_revision(static_cast<std::int64_t>(machine_.machine().store().current().value()) - 2);
        apply(CommandKind::compact, compaction);
      } else if (step_ % 11 == 6) {
        membershippb::Member member;
        member.set_id(static_cast<std::uint64_t>(1 + step_ % 3));
        member.mutable_member_attributes()->set_name("m" + std::to_string(step_));
        apply(CommandKind::publish_member, member);
      } else {
        apply(CommandKind::put, put_of(key, std::string(static_cast<std::size_t>(step_ * 37 % 3000), 'v')));
      }
    }
  }
  // The follower applies the entry that it lacks.
  void apply_next(MachineFixture& to) {
    const std::uint64_t index = to.machine().applied().value();
    std::string response;
    REQUIRE(to.apply_bytes(log_.at(index), &response).has_value());
  }
  void catch_up(MachineFixture& to) {
    while (to.machine().applied() < machine_.machine().applied()) apply_next(to);
  }

  struct Taken {
    base::LogIndex applied;
    std::vector<std::string> pieces;
  };
  // Goes on while it is read.
  Taken take(int steps_meanwhile = 20) {
    machine_.let_time_pass();
    base::Result<std::unique_ptr<replica::SnapshotSource>> source = machine_.machine().take_snapshot();
    REQUIRE(source.has_value());
    Taken taken{(*source)->applied(), {}};
    CHECK(taken.applied == machine_.machine().applied());
    for (bool more = true; more;) {
      live(steps_meanwhile > 0 ? 1 : 0);
      --steps_meanwhile;
      const base::Result<bool> read = (*source)->read(4'000, taken.pieces.emplace_back());
      REQUIRE(read.has_value());
      more = *read;
    }
    return taken;
  }

  const base::Hash128& state_at(base::LogIndex index) const { return states_.at(index.value()); }
  StateMachine& machine() { return machine_.machine(); }

 private:
  MachineFixture machine_;
  std::vector<std::string> log_;
  std::map<std::uint64_t, base::Hash128> states_;
  int step_ = 0;
};

base::StoreMark next_mark(const MachineFixture& follower, base::LogIndex applied) {
  return {base::StoreGeneration(follower.mark.generation.value() + 1), applied};
}

void receive(MachineFixture& follower, const Leader::Taken& taken) {
  const std::unique_ptr<replica::SnapshotSink> sink = follower.machine().receive_snapshot(next_mark(follower, taken.applied));
  REQUIRE(sink != nullptr);
  for (std::size_t i = 0; i <= taken.pieces.size(); ++i) {
    Done done;
    if (i < taken.pieces.size()) sink->take(taken.pieces[i], done);
    else sink->end(done);
    REQUIRE(follower.sim().run_until([&] { return done.result.has_value(); }, 60s));
    REQUIRE_MESSAGE(done.result->has_value(), (*done.result ? std::string() : done.result->error().detail));
  }
}

void install(MachineFixture& follower, base::LogIndex applied) {
  follower.mark = next_mark(follower, applied);  // the log says so
  Done done;
  follower.machine().install(follower.mark, done);
  CHECK(!done.result.has_value());
  REQUIRE(follower.sim().run_until([&] { return done.result.has_value(); }, 60s));
  REQUIRE_MESSAGE(done.result->has_value(), (*done.result ? std::string() : done.result->error().detail));
}

bool has_store(MachineFixture& follower, base::StoreGeneration generation) {
  return *follower.node().world().disk.exists("store-" + base::to_text(generation));
}

void check_is(MachineFixture& follower, const Leader& leader, base::LogIndex applied) {
  CHECK(follower.machine().applied() == applied);
  CHECK(follower.machine().state_hash() == leader.state_at(applied));
}

TEST_CASE("an installed snapshot is the leader's state at its index, from which the log goes on") {
  Leader leader;
  leader.live(150);
  MachineFixture follower;
  for (int i = 0; i < 40; ++i) leader.apply_next(follower);
  follower.let_time_pass();
  for (int i = 0; i < 30; ++i) leader.apply_next(follower);  // a tail in memory, and a job that is due
  const mvcc::Revision before = follower.machine().store().current();
  const Leader::Taken taken = leader.take();
  REQUIRE(taken.pieces.size() > 5);
  receive(follower, taken);
  check_is(follower, leader, base::LogIndex(70));  // the open store is as it was
  install(follower, taken.applied);
  check_is(follower, leader, taken.applied);
  CHECK(follower.machine().generation() == base::StoreGeneration(2));
  CHECK(follower.machine().store().current() > before);
  CHECK(!has_store(follower, kFirst));
  leader.catch_up(follower);
  check_is(follower, leader, leader.machine().applied());
  CHECK(follower.machine().store().current() == leader.machine().store().current());
  CHECK(follower.machine().store().compacted() == leader.machine().store().compacted());
  CHECK(follower.machine().store().key_count() == leader.machine().store().key_count());
  CHECK(follower.machine().members().all().size() == leader.machine().members().all().size());
  follower.let_time_pass();
  follower.reopen();
  check_is(follower, leader, leader.machine().applied());
}

// etcd #18055: a snapshot that came right after another one found the store of the first half open.
TEST_CASE("two snapshots in quick succession, the second of them before anything else was applied") {
  Leader leader;
  leader.live(60);
  MachineFixture follower;
  const Leader::Taken one = leader.take(0);
  leader.live(60);
  const Leader::Taken two = leader.take(0);
  receive(follower, one);
  install(follower, one.applied);
  receive(follower, two);
  install(follower, two.applied);
  check_is(follower, leader, two.applied);
  CHECK(follower.machine().generation() == base::StoreGeneration(3));
  CHECK(!has_store(follower, base::StoreGeneration(2)));
  leader.catch_up(follower);
  follower.let_time_pass();
  follower.reopen();
  check_is(follower, leader, leader.machine().applied());
}

// etcd #20271: the store was replaced while a job still wrote to the old one.
TEST_CASE("a job of the old store that runs when another one is installed ends first, and harms nothing") {
  Leader leader;
  leader.live(120);
  const Leader::Taken taken = leader.take(0);
  for (int steps = 0; steps < 14; ++steps) {
    CAPTURE(steps);
    MachineFixture follower;
    receive(follower, taken);
    for (int i = 0; i < 60; ++i) leader.apply_next(follower);
    follower.machine().want_durable();
    for (int i = 0; i < steps; ++i) follower.sim().step();
    install(follower, taken.applied);
    check_is(follower, leader, taken.applied);
    follower.let_time_pass();
    follower.reopen();
    check_is(follower, leader, taken.applied);
  }
}

TEST_CASE("while another store is installed reads see the old state, whole") {
  Leader leader;
  leader.live(120);
  const Leader::Taken taken = leader.take(0);
  MachineFixture follower;
  for (int i = 0; i < 50; ++i) leader.apply_next(follower);
  follower.let_time_pass();
  receive(follower, taken);
  const mvcc::Revision old = follower.machine().store().current();
  follower.mark = next_mark(follower, taken.applied);
  Done done;
  follower.machine().install(follower.mark, done);
  int turns = 0;
  while (!done.result && follower.sim().step()) {
    if (done.result) break;
    ++turns;
    CHECK(follower.machine().generation() == kFirst);
    CHECK(follower.machine().header().revision == old);
    CHECK(follower.machine().state_hash() == leader.state_at(base::LogIndex(50)));
    std::vector<mvcc::Found> found;
    follower.machine().store().find({"a", "z"}, old, 1000, found);
    CHECK(!found.empty());
    for (const mvcc::Found& one : found) CHECK(follower.machine().store().read(one.version).has_value());
    const auto source = follower.machine().take_snapshot();
    REQUIRE(!source.has_value());
    CHECK(source.error().code == base::Code::overloaded);
    CHECK(follower.machine().receive_snapshot(next_mark(follower, taken.applied)) == nullptr);
  }
  CHECK(turns > 1);
  REQUIRE(done.result.has_value());
  REQUIRE(done.result->has_value());
  CHECK(follower.machine().header().revision > old);
}

TEST_CASE("a crash at any instant of an install leaves the new store, and the old one goes with the next start") {
  Leader leader;
  leader.live(60);
  const Leader::Taken taken = leader.take(0);
  for (const CrashKind kind : {CrashKind::process_kill, CrashKind::power_loss}) {
    bool is_done = false;
    for (int microseconds = 0; !is_done; microseconds += 60) {
      CAPTURE(microseconds);
      MachineFixture follower;
      for (int i = 0; i < 30; ++i) leader.apply_next(follower);
      receive(follower, taken);
      const base::StoreMark old = follower.mark;
      follower.mark = next_mark(follower, taken.applied);
      // Without the log's word the old one is opened, and the new one goes.
      const bool is_named = microseconds % 180 != 0;
      Done done;
      if (is_named) follower.machine().install(follower.mark, done);
      is_done = follower.sim().run_until([&] { return done.result.has_value(); }, std::chrono::microseconds(microseconds));
      if (!is_named) follower.mark = old;
      follower.crash(kind);
      follower.open();
      if (is_named) check_is(follower, leader, taken.applied);
      CHECK(!has_store(follower, is_named ? kFirst : base::StoreGeneration(2)));
      leader.catch_up(follower);
      check_is(follower, leader, leader.machine().applied());
    }
  }
}

TEST_CASE("a machine can be closed at any stage of an install, and then opens at the new mark") {
  Leader leader;
  leader.live(60);
  const Leader::Taken taken = leader.take(0);
  bool is_done = false;
  for (int steps = 0; !is_done; ++steps) {
    CAPTURE(steps);
    MachineFixture follower;
    for (int i = 0; i < 30; ++i) leader.apply_next(follower);
    receive(follower, taken);
    follower.machine().want_durable();
    follower.mark = next_mark(follower, taken.applied);
    Done done;
    follower.machine().install(follower.mark, done);
    for (int i = 0; i < steps; ++i) follower.sim().step();
    is_done = done.result.has_value();
    follower.reopen();
    CHECK(done.result.has_value() == is_done);  // nobody hears of it any more
    check_is(follower, leader, taken.applied);
  }
}

TEST_CASE("a store that was received and is not what the log says is refused") {
  Leader leader;
  leader.live(60);
  const Leader::Taken taken = leader.take(0);
  MachineFixture follower;
  receive(follower, taken);
  Done done;
  follower.machine().install({base::StoreGeneration(2), taken.applied.next()}, done);
  REQUIRE(follower.sim().run_until([&] { return done.result.has_value(); }, 60s));
  REQUIRE(!done.result->has_value());
  CHECK(done.result->error().code == base::Code::damaged);
  Done closed;
  follower.machine().close(closed);  // also then
  REQUIRE(follower.sim().run_until([&] { return closed.result.has_value(); }, 60s));
}

TEST_CASE("whoever waits for a physical compaction is told by the store that takes over") {
  struct Wait final : RemovalWait {
    void on_removed() override { was_told = true; }
    bool was_told = false;
  };
  Leader leader;
  leader.live(120);
  const Leader::Taken taken = leader.take(0);
  MachineFixture follower;
  for (int i = 0; i < 70; ++i) leader.apply_next(follower);
  REQUIRE(follower.machine().store().compacted().has_value());
  receive(follower, taken);
  Wait wait;
  follower.machine().wait_for_removal(wait);
  install(follower, taken.applied);
  CHECK(follower.sim().run_until([&] { return wait.was_told; }, 60s));
  Wait gives_up;  // as one whose client went away
  follower.machine().wait_for_removal(gives_up);
  gives_up.unlink();
}

}  // namespace
}  // namespace etcd
