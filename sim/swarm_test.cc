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

// How many members the drawn damage hits.
std::size_t victims_of(const Plan& plan) {
  std::set<std::uint32_t> victims;
  for (const Action& action : plan.actions) {
    if (spoils_a_disk(action.kind)) victims.insert(action.member);
  }
  return victims.size();
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

TEST_CASE("a good third of the seeds spoils more disks than a quorum can do without, and changes nothing else") {
  for (const std::uint32_t members : {1U, 2U, 3U, 5U}) {
    CAPTURE(members);
    constexpr std::uint64_t kSeeds = 400;
    std::size_t beyond = 0;
    std::size_t within = 0;
    std::set<std::pair<ActionKind, Part>> seen;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      CAPTURE(seed);
      const Plan before = drawn(seed, members);
      Plan plan = before;
      io::sim::Decisions decisions(seed);
      draw_damage(decisions, plan);
      CHECK_EQ(contradiction(plan), "");
      const std::size_t victims = victims_of(plan);
      if (victims > members - quorum_of(members)) ++beyond;
      else if (victims > 0) ++within;
      std::vector<std::uint32_t> kept;
      for (const Action& action : plan.actions) {
        if (spoils_a_disk(action.kind)) seen.insert({action.kind, action.part});
        if (action.id < 1000) kept.push_back(action.id);
      }
      std::vector<std::uint32_t> all;
      for (const Action& action : before.actions) all.push_back(action.id);
      CHECK_EQ(kept, all);
    }
    CHECK_GT(beyond, kSeeds / 4);
    CHECK_LT(beyond, kSeeds / 2);
    CHECK_EQ(within > 0, members > 2);
    CHECK_EQ(seen.size(), members == 1 ? 6 : 7);  // two kinds in three parts, and who has others may lose the disk
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
  CHECK_EQ(kinds.size(), kActionKindCount - 3);  // draw_damage() has the others
  CHECK_EQ(shapes.size(), kShapeCount);
  CHECK_EQ(ailments.size(), kAilmentCount);
  CHECK_EQ(members.size(), 5);
  CHECK_EQ(crashed_together, std::set<std::size_t>{1, 2, 3, 4, 5});
  CHECK_EQ(broken, std::set<std::size_t>{0, 1, 2});
}

TEST_CASE("some seeds have members of two versions, of one machine none") {
  int mixed = 0;
  std::set<std::uint32_t> later;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Plan plan = drawn(seed, 3);
    plan.spares = seed % 2 == 0 ? 1 : 0;
    io::sim::Decisions decisions(seed);
    draw_versions(decisions, plan);
    CHECK_EQ(contradiction(plan), "");
    mixed += plan.speaks_later.empty() ? 0 : 1;
    later.insert(plan.speaks_later.begin(), plan.speaks_later.end());
    Plan alone = drawn(seed, 1);
    draw_versions(decisions, alone);
    CHECK(alone.speaks_later.empty());
  }
  CHECK_GT(mixed, 60);
  CHECK_LT(mixed, 130);
  CHECK_EQ(later, std::set<std::uint32_t>{0, 1, 2, 3});
}

TEST_CASE("few members are struck at once, while they make their files") {
  int early = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Plan plan = drawn(seed, 3);
    const auto is_early = [](const Action& action) { return action.at < std::chrono::milliseconds(20); };
    early += static_cast<int>(std::count_if(plan.actions.begin(), plan.actions.end(), is_early));
  }
  CHECK_GT(early, 8);
  CHECK_LT(early, 40);
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
