#include "sim/swarm.h"

#include <algorithm>
#include <array>

#include "core/base/assert.h"
#include "sim/rates.h"

namespace sim {

namespace {

using io::sim::Decisions;
using io::sim::Identity;

constexpr std::uint32_t kHalf = 500'000;
constexpr std::int32_t kDriftMax = 200'000;  // ppm, fast or slow: far beyond any real clock

// What a crash leaves is not a chance of something going wrong but how wrong it goes: every run draws it.
bool is_about_crashes(std::string_view name) {
  return name == "disk.mixed_write" || name == "disk.lost_sector" || name == "disk.torn_sector" || name == "disk.lost_name" ||
         name == "disk.dropped_sector";
}

base::Duration draw_lasting(Decisions& decisions, ActionKind kind, std::uint32_t id) {
  using std::chrono::milliseconds;
  switch (kind) {
    case ActionKind::power_loss:
    case ActionKind::process_kill: return decisions.between("plan-down", {id}, milliseconds(1), milliseconds(1500));
    case ActionKind::pause: return decisions.between("plan-pause", {id}, milliseconds(10), milliseconds(3000));
    case ActionKind::cut_link: return decisions.between("plan-cut", {id}, milliseconds(50), milliseconds(5000));
    case ActionKind::disk_full: return decisions.between("plan-full", {id}, milliseconds(10), milliseconds(2000));
    case ActionKind::disk_hang: return decisions.between("plan-hang", {id}, milliseconds(10), milliseconds(1500));
    case ActionKind::bit_rot: return {};
    case ActionKind::wall_jump: return decisions.between("plan-jump", {id}, milliseconds(1), std::chrono::hours(30));
    case ActionKind::clock_drift: return decisions.between("plan-drift", {id}, milliseconds(500), milliseconds(20'000));
  }
  ASSERT(false && "a kind outside the enumeration");
  return {};
}

}  // namespace

void draw_faults(Decisions& decisions, Budget budget, Plan& plan) {
  // Work that is cut into turns meets other work between them only as far as turns take time.
  constexpr std::array<base::Duration, 4> kTurnCostMax = {std::chrono::microseconds(1), std::chrono::microseconds(20),
                                                          std::chrono::microseconds(80), std::chrono::microseconds(300)};
  const base::Duration cost_max = kTurnCostMax[decisions.below("plan-turn-cost-class", {}, kTurnCostMax.size())];
  plan.turn_cost = decisions.between("plan-turn-cost", {}, std::chrono::microseconds(1), cost_max);
  for (const RateLimit& limit : rate_limits()) {
    const Identity who{io::sim::key(limit.name)};
    if (!is_about_crashes(limit.name) && !decisions.happens("plan-rate-on", who, kHalf)) continue;
    // Over three decades: rare faults meet a member in good order, frequent ones meet each other.
    const std::uint64_t decade = decisions.below("plan-rate-decade", who, 3);
    const std::uint64_t most = std::max<std::uint64_t>(1, limit.per_million_max / (decade == 0 ? 1 : decade == 1 ? 10 : 100));
    plan.rates[std::string(limit.name)] = 1 + decisions.below("plan-rate", who, most);
  }

  constexpr std::array<ActionKind, kActionKindCount> kKinds = {
      ActionKind::power_loss, ActionKind::process_kill, ActionKind::pause,    ActionKind::cut_link,
      ActionKind::disk_full,  ActionKind::disk_hang,    ActionKind::wall_jump, ActionKind::bit_rot,
      ActionKind::clock_drift};
  std::uint32_t id = 0;
  for (const ActionKind kind : kKinds) {
    const auto number = static_cast<std::uint64_t>(kind);
    const bool is_crash = kind == ActionKind::power_loss || kind == ActionKind::process_kill;
    const bool is_rot = kind == ActionKind::bit_rot;
    if (is_rot && budget == Budget::within) continue;
    // Crashes are what these runs are about: nine seeds in ten have each kind.
    const std::uint32_t often = is_rot ? 1'000'000 : is_crash ? 900'000 : kHalf;
    if (!decisions.happens("plan-action-on", {number}, often)) continue;
    const std::uint64_t count = 1 + decisions.below("plan-action-count", {number}, is_rot ? 40 : is_crash ? 6 : 4);
    for (std::uint64_t i = 0; i < count; ++i) {
      Action action;
      action.id = id++;
      action.kind = kind;
      action.at = decisions.between("plan-action-at", {action.id}, std::chrono::milliseconds(20), plan.faults_until);
      action.lasting = draw_lasting(decisions, kind, action.id);
      if (is_crash) {
        // Where a crash hurts: more than half of them while a sync is under way.
        constexpr std::array<Moment, 10> kMoments = {Moment::any,     Moment::syncing, Moment::syncing, Moment::syncing,
                                                     Moment::syncing, Moment::syncing, Moment::syncing, Moment::storing,
                                                     Moment::storing, Moment::recovering};
        action.moment = kMoments[decisions.below("plan-moment", {action.id}, kMoments.size())];
      }
      if (kind == ActionKind::cut_link) {
        action.client = static_cast<std::uint32_t>(decisions.below("plan-cut-client", {action.id}, plan.clients));
      }
      if (kind == ActionKind::clock_drift) {
        action.ppm = static_cast<std::int32_t>(decisions.below("plan-drift-ppm", {action.id}, 2 * kDriftMax)) - kDriftMax;
      }
      plan.actions.push_back(action);
    }
  }
  std::sort(plan.actions.begin(), plan.actions.end(),
            [](const Action& a, const Action& b) { return a.at != b.at ? a.at < b.at : a.id < b.id; });
}

}  // namespace sim
