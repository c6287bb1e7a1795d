// The contract of io/loop.h.
#include <doctest/doctest.h>

#include <string>

#include "property_tests/worlds/probes.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

TEST_CASE("loop: hooks run at the end of the turn, in the order of asking, those that hooks ask for included") {
  const auto world = make_world();
  io::Loop& loop = world->member().loop;
  std::string trace;
  HookProbe grandchild([&] { trace += "grandchild "; });
  HookProbe child([&] {
    trace += "child ";
    loop.at_end_of_turn(grandchild);
  });
  HookProbe self;
  self.action = [&] {
    trace += "self ";
    if (self.called < 3) loop.at_end_of_turn(self);
  };
  HookProbe first([&] {
    trace += "first ";
    loop.at_end_of_turn(child);
  });
  const InTurn turn(world->member().clock, [&] {
    loop.at_end_of_turn(first);
    loop.at_end_of_turn(self);
    trace += "input ";
  });
  REQUIRE(world->run_until([&] { return turn.is_done(); }));
  world->settle();
  CHECK_EQ(trace, "input first self child self grandchild self ");
}

TEST_CASE("loop: asking twice before the call counts once") {
  const auto world = make_world();
  io::Loop& loop = world->member().loop;
  HookProbe end;
  HookProbe next;
  const InTurn turn(world->member().clock, [&] {
    for (int i = 0; i < 3; ++i) {
      loop.at_end_of_turn(end);
      loop.on_next_turn(next);
    }
  });
  REQUIRE(world->run_until([&] { return turn.is_done(); }));
  world->settle();
  CHECK_EQ(end.called, 1);
  CHECK_EQ(next.called, 1);
}

TEST_CASE("loop: what is asked for the next turn waits until this one has ended") {
  const auto world = make_world();
  io::Loop& loop = world->member().loop;
  std::string trace;
  HookProbe end([&] { trace += "end "; });
  HookProbe slice;
  slice.action = [&] {
    trace += "slice ";
    loop.at_end_of_turn(end);
    if (slice.called < 3) loop.on_next_turn(slice);
  };
  const InTurn turn(world->member().clock, [&] {
    loop.on_next_turn(slice);
    loop.at_end_of_turn(end);
    trace += "input ";
  });
  REQUIRE(world->run_until([&] { return slice.called == 3; }));
  world->settle();
  CHECK_EQ(trace, "input end slice end slice end slice end ");
}

TEST_CASE("loop: hooks for the next turn run in the order of asking, each with ends of turn of its own kind") {
  const auto world = make_world();
  io::Loop& loop = world->member().loop;
  std::string trace;
  HookProbe one([&] { trace += "one "; });
  HookProbe two([&] { trace += "two "; });
  HookProbe three([&] { trace += "three "; });
  const InTurn turn(world->member().clock, [&] {
    for (HookProbe* each : {&two, &one, &three}) loop.on_next_turn(*each);
  });
  REQUIRE(world->run_until([&] { return three.called > 0; }));
  CHECK_EQ(trace, "two one three ");
}

TEST_CASE("loop: a forgotten hook is not called, even when the hooks are running already") {
  const auto world = make_world();
  io::Loop& loop = world->member().loop;
  HookProbe forgotten;
  HookProbe killer([&] { loop.forget(forgotten); });
  const InTurn early(world->member().clock, [&] {
    loop.at_end_of_turn(forgotten);
    loop.on_next_turn(forgotten);
    loop.forget(forgotten);
  });
  const InTurn late(world->member().clock, [&] {
    loop.at_end_of_turn(killer);
    loop.at_end_of_turn(forgotten);
    loop.on_next_turn(forgotten);
  });
  REQUIRE(world->run_until([&] { return killer.called > 0; }));
  world->settle();
  CHECK_EQ(forgotten.called, 0);

  const InTurn again(world->member().clock, [&] { loop.at_end_of_turn(forgotten); });
  REQUIRE(world->run_until([&] { return again.is_done(); }));
  world->settle();
  CHECK_MESSAGE(forgotten.called == 1, "it may ask again later");
}

TEST_CASE("loop: what is asked for between turns is called as well") {
  const auto world = make_world();
  HookProbe end;
  HookProbe next;
  world->member().loop.at_end_of_turn(end);
  world->member().loop.on_next_turn(next);
  CHECK_EQ(end.called + next.called, 0);
  REQUIRE(world->run_until([&] { return end.called + next.called == 2; }));
}

}  // namespace property_tests::worlds
