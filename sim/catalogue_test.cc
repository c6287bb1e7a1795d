#include "sim/catalogue.h"

#include <doctest/doctest.h>

#include <set>

#include "sim/rates.h"
#include "sim/swarm.h"

namespace sim {

namespace {

using io::sim::FaultKind;

Plan drawn_whole(std::uint64_t seed) {
  io::sim::Decisions decisions(seed);
  Plan plan;
  plan.seed = seed;
  plan.members = 5;
  plan.clients = 3;
  plan.faults_until = std::chrono::seconds(50);
  draw_faults(decisions, Budget::beyond, plan);
  draw_damage(decisions, plan);
  return plan;
}

std::size_t size_of(const Plan& plan) { return plan.rates.size() + plan.actions.size() + plan.broken.size(); }

}  // namespace

TEST_CASE("every kind has a name of its own and a line") {
  std::set<std::string_view> lines;
  for (std::size_t i = 0; i < io::sim::kFaultKindCount; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    CHECK_EQ(fault_named(io::sim::to_text(kind)), kind);
    lines.insert(describe(kind));
  }
  CHECK_EQ(lines.size(), io::sim::kFaultKindCount);
  CHECK_FALSE(fault_named("nobody_knows"));
}

TEST_CASE("a plan without a kind can be run, lacks something, and is what it was otherwise") {
  for (std::size_t i = 0; i < io::sim::kFaultKindCount; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    if (!can_be_left_out(kind)) continue;
    CAPTURE(io::sim::to_text(kind));
    int changed = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const Plan whole = drawn_whole(seed);
      Plan plan = whole;
      leave_out({kind}, plan);
      CHECK_EQ(contradiction(plan), "");
      CHECK(faults_of(plan.rates));
      if (plan.rates != whole.rates || size_of(plan) != size_of(whole)) ++changed;
    }
    CHECK_GT(changed, 10);
  }
}

TEST_CASE("all kinds together leave a world in which nothing goes wrong by chance") {
  std::vector<FaultKind> all;
  for (std::size_t i = 0; i < io::sim::kFaultKindCount; ++i) {
    if (can_be_left_out(static_cast<FaultKind>(i))) all.push_back(static_cast<FaultKind>(i));
  }
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Plan plan = drawn_whole(seed);
    leave_out(all, plan);
    // A disk that is lost whole is no kind of its own.
    for (const Action& action : plan.actions) CHECK_EQ(action.kind, ActionKind::lost_disk);
    CHECK(plan.broken.empty());
    for (const auto& rate : plan.rates) {
      CHECK_MESSAGE((rate.first == "disk.mixed_write" || rate.first == "disk.kept_size"), rate.first);
    }
  }
}

TEST_CASE("without the one every failed sync does the other, and without both it loses nothing") {
  Plan plan;
  plan.rates = {{"disk.dropped_sector", 5}, {"disk.reverted_sync", 5}};
  Plan other = plan;
  leave_out({FaultKind::disk_dropped_page}, other);
  CHECK_EQ(other.rates.at("disk.reverted_sync"), 1'000'000);
  other = plan;
  leave_out({FaultKind::disk_reverted_page}, other);
  CHECK_EQ(other.rates, std::map<std::string, std::uint64_t>{{"disk.dropped_sector", 5}});
  leave_out({FaultKind::disk_reverted_page, FaultKind::disk_dropped_page}, plan);
  CHECK(plan.rates.empty());
}

}  // namespace sim
