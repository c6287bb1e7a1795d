#include "core/peer/member.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/peer/test_members.h"

namespace peer {

using namespace std::chrono_literals;

using testing::members::Done;
using testing::members::Group;
using testing::members::Machine;
using testing::members::Waiting;

TEST_CASE("three members that know each other's addresses are a group") {
  Group group(3);
  group.start();
  group.wait_for_leader();
  for (const auto& machine : group.machines) {
    Waiting waiting;
    REQUIRE(machine->member.replica().propose("1", "", 0, waiting));
    REQUIRE(group.sim.run_until([&] { return waiting.response.has_value(); }, 10s));
  }
  REQUIRE(group.sim.run_until([&] {
    for (const auto& machine : group.machines) {
      if (machine->counter.sum() != 3) return false;
    }
    return true;
  }, 10s));
  CHECK_GE(group.acknowledged, 2);  // both followers have told the leader
}

TEST_CASE("a member of one needs no server") {
  Group group(1);
  group.start();
  group.wait_for_leader();
  CHECK_EQ(group.machines[0]->member.transport(), nullptr);
}

TEST_CASE("who reaches the others need not wait out the first election timeout") {
  Group hastening(3);
  hastening.start(true);
  Group waiting(3);
  waiting.start(false);
  CHECK(hastening.wait_for_leader() + 700ms < waiting.wait_for_leader());  // of a second, with the same jitter
}

TEST_CASE("who leads hands over before it leaves, and nobody waits for an election timeout") {
  Group group(3);
  group.start();
  group.wait_for_leader();
  group.sim.run_for(1s);
  Machine& old = *group.leader();
  Done done;
  old.member.leave(done);
  const io::sim::VirtualTime begin = group.sim.now();
  REQUIRE(group.sim.run_until([&] { return done.is_done; }, 10s));
  CHECK(group.sim.now() - begin < 500ms);
  Machine* next = nullptr;
  for (const auto& machine : group.machines) {
    if (machine.get() != &old && machine->leads()) next = machine.get();
  }
  REQUIRE(next != nullptr);
  Waiting waiting;
  REQUIRE(next->member.replica().propose("1", "", 0, waiting));
  REQUIRE(group.sim.run_until([&] { return waiting.response.has_value(); }, 100ms));
}

TEST_CASE("who leads and cannot hand over leaves after two election timeouts all the same") {
  Group group(3);
  group.start();
  group.wait_for_leader();
  group.sim.run_for(1s);
  Machine& old = *group.leader();
  // The one that has most of the log hears nothing, and the other lives on.
  const base::MemberId successor = old.member.replica().successor();
  io::sim::Node& deaf = *group.sim.nodes()[successor.value() - 1];
  group.sim.network().cut(old.node.host(), deaf.host());
  Done done;
  old.member.leave(done);
  CHECK_FALSE(group.sim.run_until([&] { return done.is_done; }, 900ms));
  CHECK(group.sim.run_until([&] { return done.is_done; }, 1200ms));
}

TEST_CASE("a tenant that gives up when its files are open takes no part in anything") {
  Group group(3);
  group.machines[0]->joins = false;
  group.machines[1]->joins = false;
  group.start();
  CHECK_FALSE(group.sim.run_until([&] { return group.leader() != nullptr; }, 20s));
  for (const auto& machine : group.machines) CHECK(machine->is_started);
}

TEST_CASE("a member can leave at any moment of its start") {
  for (int steps = 0; steps < 200; steps += 3) {
    CAPTURE(steps);
    Group group(1);
    group.start();
    for (int i = 0; i < steps; ++i) static_cast<void>(group.sim.step());
    Done done;
    const bool was_started = group.machines[0]->is_started;
    group.machines[0]->member.leave(done);
    CHECK_FALSE(done.is_done);  // only on a later turn
    REQUIRE(group.sim.run_until([&] { return done.is_done; }, 10s));
    CHECK_EQ(group.machines[0]->is_started, was_started);
  }
}

TEST_CASE("a member leaves that was never started, and one whose log failed") {
  {
    Group group(3);
    static_cast<void>(group.machines[0]->member.server());
    Done done;
    group.machines[0]->member.leave(done);
    REQUIRE(group.sim.run_until([&] { return done.is_done; }, 1s));
  }
  Group group(1);
  group.start();
  group.wait_for_leader();
  group.machines[0]->node.disk_faults().sync_error_per_million = 1'000'000;
  Waiting waiting;
  REQUIRE(group.machines[0]->member.replica().propose("1", "", 0, waiting));
  REQUIRE(group.sim.run_until([&] { return group.machines[0]->stopped.has_value(); }, 10s));
  CHECK_EQ(waiting.refusal, base::Code::outcome_unknown);
  Done done;
  group.machines[0]->member.leave(done);
  REQUIRE(group.sim.run_until([&] { return done.is_done; }, 10s));
}

TEST_CASE("who was away while the others dropped their log gets a snapshot, and is one of them again") {
  Group group(3);
  const auto keep_little = [](Machine& machine) {
    machine.options.kept_entries_max = 200;
    machine.options.catch_up_entries = 50;
    machine.options.truncate_step_entries = 10;
  };
  for (const auto& machine : group.machines) keep_little(*machine);
  group.start();
  group.wait_for_leader();
  group.sim.run_for(1s);
  std::uint64_t sum = 0;
  const auto propose = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Waiting waiting;
      Machine* const leader = group.leader();
      REQUIRE(leader != nullptr);
      REQUIRE(leader->member.replica().propose("command", "", 0, waiting));
      REQUIRE(group.sim.run_until([&] { return waiting.response.has_value(); }, 10s));
      sum += 7;
    }
  };
  propose(10);
  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);
    std::size_t away = 0;
    while (group.machines[away]->leads()) ++away;
    io::sim::Node& node = group.machines[away]->node;
    static_cast<void>(node.crash(io::sim::CrashKind::power_loss));
    group.machines[away].reset();
    propose(500);
    node.restart();
    group.machines[away] = std::make_unique<Machine>(node, away + 1, 3);
    keep_little(*group.machines[away]);
    group.machines[away]->start();
    // It gets what comes behind the snapshot as well.
    REQUIRE(group.sim.run_until([&] { return group.machines[away]->counter.sum() == sum; }, 30s));
    propose(10);
    REQUIRE(group.sim.run_until([&] { return group.machines[away]->counter.sum() == sum; }, 1s));
    CHECK_EQ(group.machines[away]->counter.applied(), group.leader()->counter.applied());
    CHECK_EQ(group.snapshots, round + 1);
    CHECK_EQ(group.installed, round + 1);
  }
}

TEST_CASE("who has fallen silent is not heard by the others any more") {
  Group group(3);
  group.start();
  group.wait_for_leader();
  Machine& old = *group.leader();
  old.member.fall_silent();
  REQUIRE(group.sim.run_until([&] {
    for (const auto& machine : group.machines) {
      if (machine.get() != &old && machine->leads()) return true;
    }
    return false;
  }, 10s));
}

// Two of five, cut off, fill their logs with what nobody will commit; the log of the others ends elsewhere. Room is made by
// replacing, not by waiting.
TEST_CASE("a member whose log is full of a tail that lost takes what replaces it") {
  Group group(5);
  for (const auto& machine : group.machines) {
    machine->options.kept_entries_max = 40;
    machine->options.catch_up_entries = 10;
  }
  group.start();
  group.wait_for_leader();
  group.sim.run_for(1s);
  Machine& old = *group.leader();
  Machine* follower = nullptr;
  for (const auto& machine : group.machines) {
    if (machine.get() != &old) follower = machine.get();
  }
  const auto for_each_link = [&](auto&& change) {
    for (const auto& machine : group.machines) {
      if (machine.get() == &old || machine.get() == follower) continue;
      for (Machine* const lost : {&old, follower}) {
        change(lost->node.host(), machine->node.host());
        change(machine->node.host(), lost->node.host());
      }
    }
  };
  for_each_link([&](const auto& from, const auto& to) { group.sim.network().cut(from, to); });
  std::vector<std::unique_ptr<Waiting>> waiting;
  for (bool has_room = true; has_room;) {
    waiting.push_back(std::make_unique<Waiting>());
    has_room = old.member.replica().propose("1", "", 0, *waiting.back()).has_value();
  }
  CHECK(waiting.size() > 30);
  REQUIRE(group.sim.run_until([&] {
    Machine* const now = group.leader();
    return now != nullptr && now != &old && old.leader != old.options.identity.member;
  }, 10s));
  for_each_link([&](const auto& from, const auto& to) { group.sim.network().heal(from, to); });
  Waiting next;
  REQUIRE(group.leader()->member.replica().propose("22", "", 0, next));
  CHECK(group.sim.run_until([&] { return old.counter.sum() == 2 && follower->counter.sum() == 2; }, 20s));
  for (const auto& one : waiting) {
    if (!one->refusal) old.member.replica().abandon(*one);
  }
}

namespace {

// What the logs keep is soon gone.
void keep_little(Group& group) {
  for (const auto& machine : group.machines) {
    machine->options.kept_entries_max = 40;
    machine->options.catch_up_entries = 10;
    machine->options.truncate_step_entries = 5;
  }
}

// Writes so many bytes, one by one.
void write(Group& group, Machine& machine, int count) {
  for (int i = 0; i < count; ++i) {
    Waiting waiting;
    REQUIRE(group.sim.run_until([&] { return machine.member.replica().propose("1", "", 0, waiting).has_value(); }, 10s));
    REQUIRE(group.sim.run_until([&] { return waiting.response.has_value(); }, 10s));
  }
}

void restart(Group& group, std::size_t which) {
  io::sim::Node& node = group.machines[which]->node;
  if (node.is_up()) static_cast<void>(node.crash(io::sim::CrashKind::power_loss));
  group.machines[which].reset();
  node.restart();
  group.machines[which] = std::make_unique<Machine>(node, which + 1, group.machines.size());
  group.machines[which]->options.kept_entries_max = 40;
  group.machines[which]->options.catch_up_entries = 10;
  group.machines[which]->options.truncate_step_entries = 5;
  group.machines[which]->start();
}

}  // namespace

TEST_CASE("a log with a few large entries behind many small ones does not stay full") {
  Group group(3);
  for (const auto& machine : group.machines) machine->options.kept_bytes_max = 64U << 10U;
  group.start();
  group.wait_for_leader();
  write(group, *group.leader(), 100);
  const std::string large(30U << 10U, 'x');
  for (int i = 0; i < 6; ++i) {
    CAPTURE(i);
    // The store comes to rest each time, and says no more.
    group.sim.run_for(5s);
    Waiting waiting;
    REQUIRE(group.leader()->member.replica().propose(large, "", 0, waiting));
    REQUIRE(group.sim.run_until([&] { return waiting.response.has_value(); }, 10s));
  }
}

TEST_CASE("a member may crash at any moment while it gets a snapshot, and so may its leader") {
  for (int moment = 0; moment < 120; ++moment) {
    CAPTURE(moment);
    Group group(3, 1 + static_cast<std::uint64_t>(moment));
    keep_little(group);
    group.start();
    group.wait_for_leader();
    const std::size_t away = group.leader()->options.identity.member == base::MemberId(1) ? 1 : 0;
    static_cast<void>(group.machines[away]->node.crash(io::sim::CrashKind::power_loss));
    write(group, *group.leader(), 100);
    const std::size_t leads = group.leader()->options.identity.member.value() - 1;
    restart(group, away);
    REQUIRE(group.sim.run_until([&] { return group.machines[away]->is_started; }, 20s));
    // The connections stand, and what follows is the snapshot.
    group.sim.run_for(std::chrono::microseconds(200 * moment));
    const std::size_t struck = moment % 3 == 0 ? leads : away;
    restart(group, struck);
    const auto is_whole = [&] {
      for (const auto& machine : group.machines) {
        if (machine->counter.sum() != 100) return false;
      }
      return true;
    };
    REQUIRE(group.sim.run_until(is_whole, 60s));
  }
}

}  // namespace peer
