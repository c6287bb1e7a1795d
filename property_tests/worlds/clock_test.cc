// The contract of io/clock.h.
#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "property_tests/property.h"
#include "property_tests/worlds/probes.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

}  // namespace

TEST_CASE("clock: a timer fires once, not before its instant, never inside arm(), and is idle when called") {
  const auto world = make_world();
  io::Clock& clock = world->member().clock;
  const base::Instant at = clock.now() + milliseconds(5);
  TimerProbe timer;
  bool was_early = false;
  bool was_armed = true;
  timer.action = [&] {
    was_early = clock.now() < at;
    was_armed = timer.is_armed();
  };
  clock.arm(timer, at);
  CHECK(timer.is_armed());
  CHECK_EQ(timer.fired, 0);
  REQUIRE(world->run_until([&] { return timer.fired > 0; }));
  world->settle();
  CHECK_EQ(timer.fired, 1);
  CHECK_FALSE(was_early);
  CHECK_FALSE(was_armed);
}

TEST_CASE("clock: an instant in the past means the next turn") {
  const auto world = make_world();
  io::Clock& clock = world->member().clock;
  std::string trace;
  HookProbe end([&] { trace += "end "; });
  TimerProbe timer;
  timer.action = [&] {
    trace += "timer ";
    world->member().loop.at_end_of_turn(end);
    // From inside a handler too: it is a later turn that fires it again, or the loop would never come round.
    if (timer.fired < 3) clock.arm(timer, base::Instant());
  };
  clock.arm(timer, base::Instant());
  CHECK_EQ(trace, "");
  REQUIRE(world->run_until([&] { return timer.fired == 3; }));
  world->settle();
  CHECK_EQ(trace, "timer end timer end timer end ");
}

TEST_CASE("clock: an armed timer is moved, and a disarmed one is silent") {
  const auto world = make_world();
  io::Clock& clock = world->member().clock;
  std::string trace;
  TimerProbe later([&] { trace += "later "; });
  TimerProbe sooner([&] { trace += "sooner "; });
  TimerProbe gone([&] { trace += "gone "; });
  const base::Instant now = clock.now();
  clock.arm(later, now + milliseconds(1));
  clock.arm(sooner, now + std::chrono::hours(1));
  clock.arm(gone, now + milliseconds(1));
  clock.arm(later, now + milliseconds(6));
  clock.arm(sooner, now + milliseconds(3));
  clock.disarm(gone);
  CHECK_FALSE(gone.is_armed());
  clock.disarm(gone);  // no effect
  REQUIRE(world->run_until([&] { return later.fired > 0; }));
  world->settle();
  CHECK_EQ(trace, "sooner later ");
}

TEST_CASE("clock: a handler may disarm and arm timers that are due as well") {
  const auto world = make_world();
  io::Clock& clock = world->member().clock;
  std::string trace;
  TimerProbe victim([&] { trace += "victim "; });
  TimerProbe postponed([&] { trace += "postponed "; });
  TimerProbe first([&] {
    trace += "first ";
    clock.disarm(victim);
    clock.arm(postponed, clock.now() + milliseconds(2));
  });
  TimerProbe last([&] { trace += "last "; });
  const base::Instant at = clock.now() + milliseconds(2);
  for (TimerProbe* each : {&first, &victim, &postponed, &last}) clock.arm(*each, at);
  REQUIRE(world->run_until([&] { return postponed.fired > 0; }));
  CHECK_EQ(trace, "first last postponed ");
}

TEST_CASE("clock: time stands still during a turn, whatever the turn does") {
  const auto world = make_world();
  const io::World& member = world->member();
  std::vector<base::Instant> times;
  std::vector<base::WallTime> wall_times;
  const auto look = [&] {
    times.push_back(member.clock.now());
    wall_times.push_back(member.clock.wall_now());
  };
  HookProbe end([&] { look(); });
  const InTurn turn(member.clock, [&] {
    look();
    member.loop.at_end_of_turn(end);
    // Work that takes time in either world.
    const auto file = member.disk.open_page_file("slow", io::Open::create);
    REQUIRE(file.has_value());
    const std::vector<std::byte> page(8192);
    for (std::uint64_t i = 0; i < 100; ++i) REQUIRE((*file)->write(i * page.size(), page).has_value());
    REQUIRE((*file)->sync().has_value());
    look();
  });
  REQUIRE(world->run_until([&] { return end.called > 0; }));
  REQUIRE_EQ(times.size(), 3);
  CHECK(times[0] == times[1]);
  CHECK(times[1] == times[2]);
  CHECK(wall_times[0] == wall_times[1]);
  CHECK(wall_times[1] == wall_times[2]);
}

// Property: whatever was armed, moved and disarmed, what is left fires in the order of (instant, arming).
// Method: few instants, some of them past, so that many timers collide.
PROPERTY("clock: timers fire in the order of (instant, arming)") {
  property("clock order", [] {
    constexpr std::size_t kTimerCount = 8;
    struct Step {
      std::size_t timer;
      int offset;  // of 200 us; -3 and below: disarm
    };
    struct Armed {
      int offset;
      std::size_t order;
      std::size_t timer;
      bool operator<(const Armed& other) const {
        return offset != other.offset ? offset < other.offset : order < other.order;
      }
    };
    const auto choices = *rc::gen::container<std::vector<std::pair<std::size_t, int>>>(
        rc::gen::pair(rc::gen::inRange<std::size_t>(0, kTimerCount), rc::gen::inRange(-4, 6)));

    const auto world = make_world();
    io::Clock& clock = world->member().clock;
    std::vector<std::size_t> fired;
    std::deque<TimerProbe> timers;
    for (std::size_t i = 0; i < kTimerCount; ++i) timers.emplace_back([&fired, i] { fired.push_back(i); });

    std::vector<Armed> model;
    const base::Instant now = clock.now();
    std::size_t order = 0;
    for (const auto& choice : choices) {
      const Step step{choice.first, choice.second};
      std::erase_if(model, [&](const Armed& each) { return each.timer == step.timer; });
      if (step.offset <= -3) {
        clock.disarm(timers[step.timer]);
      } else {
        clock.arm(timers[step.timer], now + microseconds(200) * step.offset);
        model.push_back(Armed{step.offset, order++, step.timer});
      }
    }
    std::sort(model.begin(), model.end());
    RC_ASSERT(world->run_until([&] { return fired.size() >= model.size(); }));
    std::vector<std::size_t> expected;
    for (const Armed& each : model) expected.push_back(each.timer);
    RC_ASSERT(fired == expected);
  });
}

}  // namespace property_tests::worlds
