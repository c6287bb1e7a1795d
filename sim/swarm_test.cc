#include "sim/swarm.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

namespace sim {

namespace {

Plan drawn(std::uint64_t seed, std::uint32_t members) {
  io::sim::Decisions decisions(seed);
  Plan plan;
  plan.seed = seed;
  plan.members = members;
  plan.clients = 3;
  plan.faults_until = std::chrono::seconds(50);
  draw_faults(decisions, Budget::within, plan);
  return plan;
}

bool is_of_groups(ActionKind kind) {
  return kind == ActionKind::partition || kind == ActionKind::slow_links || kind == ActionKind::reset_links ||
         kind == ActionKind::cut_leader;
}

}  // namespace

TEST_CASE("whatever is drawn can be run, and leaves a quorum") {
  for (std::uint32_t members = 1; members <= kMembersMax; ++members) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      CAPTURE(members);
      CAPTURE(seed);
      const Plan plan = drawn(seed, members);
      CHECK_EQ(contradiction(plan), "");
      for (const Action& action : plan.actions) {
        // Between members nothing is done to nobody; a half or a bridge's shore may be one member.
        const bool has_shape = action.kind == ActionKind::partition || action.kind == ActionKind::cut_leader;
        const bool needs_others = is_of_groups(action.kind) && (!has_shape || action.shape != Shape::halves);
        CHECK((!needs_others || !action.others.empty()));
      }
    }
  }
}

TEST_CASE("one member alone has no part in what only groups have") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Plan plan = drawn(seed, 1);
    CHECK(plan.broken.empty());
    CHECK_EQ(plan.rates.count("peer.corrupt"), 0);
    for (const Action& action : plan.actions) {
      CHECK_FALSE(is_of_groups(action.kind));
      CHECK(action.others.empty());
      CHECK_EQ(action.member, 0U);
    }
  }
}

TEST_CASE("over the seeds every kind, shape, company and ailment comes up") {
  std::map<ActionKind, int> kinds;
  std::map<Shape, int> shapes;
  std::map<Ailment, int> ailments;
  std::set<std::uint32_t> members;
  std::set<std::size_t> crashed_together;
  std::set<std::size_t> broken;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Plan plan = drawn(seed, 5);
    broken.insert(plan.broken.size());
    for (const Broken& one : plan.broken) ++ailments[one.ailment];
    for (const Action& action : plan.actions) {
      ++kinds[action.kind];
      members.insert(action.member);
      if (action.kind == ActionKind::partition) ++shapes[action.shape];
      if (action.kind == ActionKind::power_loss) crashed_together.insert(1 + action.others.size());
    }
  }
  CHECK_EQ(kinds.size(), kActionKindCount - 1);  // bits rot beyond the budget only
  CHECK_EQ(shapes.size(), kShapeCount);
  CHECK_EQ(ailments.size(), kAilmentCount);
  CHECK_EQ(members.size(), 5);
  CHECK_EQ(crashed_together, std::set<std::size_t>{1, 2, 3, 4, 5});
  CHECK_EQ(broken, std::set<std::size_t>{0, 1, 2});
}

TEST_CASE("clocks jump either way, and only a group that changes is cut off from its leader while it does") {
  std::set<bool> ways;
  std::set<Moment> moments;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    io::sim::Decisions decisions(seed);
    Plan plan;
    plan.seed = seed;
    plan.members = 3;
    plan.spares = 1;
    plan.faults_until = std::chrono::seconds(50);
    draw_faults(decisions, Budget::within, plan);
    for (const Action& action : plan.actions) {
      if (action.kind == ActionKind::wall_jump) ways.insert(action.is_back);
      if (action.kind == ActionKind::cut_leader) moments.insert(action.moment);
    }
    for (const Action& action : drawn(seed, 5).actions) CHECK_NE(action.moment, Moment::changing);
  }
  CHECK_EQ(ways.size(), 2);
  CHECK_EQ(moments, std::set<Moment>{Moment::any, Moment::changing});
}

}  // namespace sim
