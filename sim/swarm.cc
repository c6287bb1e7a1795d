#include "sim/swarm.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "sim/rates.h"

namespace sim {

namespace {

using io::sim::Decisions;
using io::sim::Identity;

constexpr std::uint32_t kHalf = 500'000;
constexpr std::uint32_t kBeyondPerMillion = 350'000;  // of the runs with draw_damage(): a good third
constexpr std::int32_t kDriftMax = 200'000;  // ppm, fast or slow: far beyond any real clock

// What a crash leaves is not a chance of something going wrong but how wrong it goes: every run draws it.
bool is_about_crashes(std::string_view name) {
  return name == "disk.mixed_write" || name == "disk.lost_sector" || name == "disk.torn_sector" || name == "disk.lost_name" ||
         name == "disk.dropped_sector";
}

// What a failed sync leaves: such syncs are rare by themselves.
bool is_about_failed_syncs(std::string_view name) { return name == "disk.dropped_sector" || name == "disk.reverted_sync"; }

bool is_of_groups(ActionKind kind) {
  return kind == ActionKind::partition || kind == ActionKind::slow_links || kind == ActionKind::reset_links ||
         kind == ActionKind::cut_leader;
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
    case ActionKind::partition: return decisions.between("plan-partition", {id}, milliseconds(20), milliseconds(8000));
    case ActionKind::slow_links: return decisions.between("plan-slow", {id}, milliseconds(100), milliseconds(6000));
    case ActionKind::reset_links:
    case ActionKind::misdirected_write:
    case ActionKind::lost_disk: return {};
    case ActionKind::cut_leader: return decisions.between("plan-cut-leader", {id}, milliseconds(300), milliseconds(8000));
  }
  ASSERT(false && "a kind outside the enumeration");
  return {};
}

// Of everybody but this member each with even chances, but somebody.
std::vector<std::uint32_t> draw_others(Decisions& decisions, const Plan& plan, const Action& action) {
  std::vector<std::uint32_t> others;
  for (std::uint32_t other = 0; other < machines_of(plan); ++other) {
    if (other != action.member && decisions.happens("plan-other", {action.id, other}, kHalf)) others.push_back(other);
  }
  if (!others.empty()) return others;
  const auto place = static_cast<std::uint32_t>(decisions.below("plan-some-other", {action.id}, machines_of(plan) - 1));
  return {place < action.member ? place : place + 1};
}

std::vector<std::uint32_t> all_others(const Plan& plan, std::uint32_t member) {
  std::vector<std::uint32_t> others;
  for (std::uint32_t other = 0; other < machines_of(plan); ++other) {
    if (other != member) others.push_back(other);
  }
  return others;
}

// What only a group has: whose action it is, who else is in it, and how.
void draw_in_group(Decisions& decisions, const Plan& plan, Action& action) {
  action.member = static_cast<std::uint32_t>(decisions.below("plan-member", {action.id}, machines_of(plan)));
  const std::uint64_t how_many = decisions.below("plan-how-many", {action.id}, 10);
  switch (action.kind) {
    case ActionKind::power_loss:
    case ActionKind::process_kill:
      // One in ten takes the whole group down at one instant.
      if (how_many == 0) action.others = all_others(plan, action.member);
      else if (how_many < 3) action.others = draw_others(decisions, plan, action);
      // Who is away for long finds that the others' logs have gone on without it.
      if (decisions.happens("plan-long-down", {action.id}, 200'000)) {
        action.lasting = decisions.between("plan-down-for-long", {action.id}, std::chrono::milliseconds(1500), std::chrono::seconds(15));
      }
      return;
    case ActionKind::partition:
      action.shape = static_cast<Shape>(decisions.below("plan-shape", {action.id}, kShapeCount));
      // A member that is cut off from everybody is what an election and a deposed leader need.
      if (how_many < 4 && action.shape != Shape::halves && action.shape != Shape::bridge) action.others = all_others(plan, action.member);
      else if (how_many > 3 || action.shape != Shape::halves) action.others = draw_others(decisions, plan, action);
      return;
    case ActionKind::slow_links:
      action.others = how_many < 5 ? all_others(plan, action.member) : draw_others(decisions, plan, action);
      action.delay = decisions.between("plan-slow-delay", {action.id}, std::chrono::milliseconds(1), std::chrono::milliseconds(400));
      // From a kilobyte to a megabyte per second: a heartbeat always goes through, what catches up may take its time.
      if (decisions.happens("plan-narrow", {action.id}, kHalf)) action.bytes_per_second = 1024ULL << decisions.below("plan-bandwidth", {action.id}, 11);
      return;
    case ActionKind::reset_links: action.others = draw_others(decisions, plan, action); return;
    case ActionKind::cut_leader: {
      // Without its majority for the most part: by itself, or unheard, or deaf.
      constexpr std::array<Shape, 6> kShapes = {Shape::halves, Shape::halves, Shape::halves, Shape::outgoing, Shape::incoming, Shape::pairs};
      action.shape = kShapes[decisions.below("plan-shape", {action.id}, kShapes.size())];
      if (how_many > 5) action.others = draw_others(decisions, plan, action);
      else if (action.shape != Shape::halves) action.others = all_others(plan, action.member);
      if (plan.spares > 0 && decisions.happens("plan-while-changing", {action.id}, 700'000)) action.moment = Moment::changing;
      return;
    }
    case ActionKind::pause:
    case ActionKind::cut_link:
    case ActionKind::disk_full:
    case ActionKind::disk_hang:
    case ActionKind::wall_jump:
    case ActionKind::bit_rot:
    case ActionKind::clock_drift:
    case ActionKind::misdirected_write:
    case ActionKind::lost_disk: return;
  }
}

// Now and then somebody is struck while it makes its files for the first time, which takes milliseconds of a whole run.
void draw_early_crash(Decisions& decisions, Plan& plan) {
  constexpr std::uint32_t kEarlyPerMillion = 50'000;
  constexpr std::uint32_t kEarlyId = 900;  // between those of the other actions and of draw_damage()
  if (!decisions.happens("plan-early-crash", {}, kEarlyPerMillion)) return;
  Action action;
  action.id = kEarlyId;
  action.kind = decisions.happens("plan-early-kill", {}, kHalf) ? ActionKind::process_kill : ActionKind::power_loss;
  action.member = static_cast<std::uint32_t>(decisions.below("plan-early-member", {}, plan.members));
  action.at = decisions.between("plan-early-at", {}, std::chrono::microseconds(20), std::chrono::milliseconds(10));
  action.lasting = draw_lasting(decisions, action.kind, action.id);
  plan.actions.push_back(action);
}

// Who stays broken when the faults end: often nobody, often all whom a quorum can do without.
void draw_broken(Decisions& decisions, Plan& plan) {
  const std::uint32_t all = plan.spares > 0 ? machines_of(plan) : voters_of(plan);
  const std::uint32_t dispensable = all - quorum_of(all);
  std::uint64_t left = std::min<std::uint64_t>(dispensable, decisions.below("plan-broken", {}, dispensable + 2));
  // Members in an order of the seed's own.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
  for (std::uint32_t member = 0; member < all; ++member) order.emplace_back(decisions.draw("plan-broken-member", {member}), member);
  std::sort(order.begin(), order.end());
  for (const auto& place : order) {
    if (left == 0) break;
    --left;
    const std::uint64_t ailment = decisions.below("plan-ailment", {place.second}, kAilmentCount);
    plan.broken.push_back({place.second, static_cast<Ailment>(ailment)});
  }
}

// How often a kind of action happens in a run that has it.
std::uint64_t count_max(ActionKind kind, std::uint32_t members) {
  if (kind == ActionKind::bit_rot) return 40;
  const bool is_crash = kind == ActionKind::power_loss || kind == ActionKind::process_kill;
  if (members == 1) return is_crash ? 6 : 4;
  if (kind == ActionKind::partition) return 8;
  return is_crash ? 4 + members : 3 + members;
}

void sort_by_time(std::vector<Action>& actions) {
  std::sort(actions.begin(), actions.end(), [](const Action& a, const Action& b) { return a.at != b.at ? a.at < b.at : a.id < b.id; });
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
    if (machines_of(plan) == 1 && limit.name.substr(0, 5) == "peer.") continue;
    if (!is_about_crashes(limit.name) && !decisions.happens("plan-rate-on", who, kHalf)) continue;
    // Over three decades: rare faults meet a member in good order, frequent ones meet each other.
    const std::uint64_t decade = is_about_failed_syncs(limit.name) ? 0 : decisions.below("plan-rate-decade", who, 3);
    const std::uint64_t most = std::max<std::uint64_t>(1, limit.per_million_max / (decade == 0 ? 1 : decade == 1 ? 10 : 100));
    plan.rates[std::string(limit.name)] = 1 + decisions.below("plan-rate", who, most);
  }

  constexpr std::array kKinds = {
      ActionKind::power_loss, ActionKind::process_kill, ActionKind::pause,       ActionKind::cut_link,
      ActionKind::disk_full,  ActionKind::disk_hang,    ActionKind::wall_jump,   ActionKind::bit_rot,
      ActionKind::clock_drift, ActionKind::partition,   ActionKind::slow_links,  ActionKind::reset_links,
      ActionKind::cut_leader};
  static_assert(kKinds.size() + 2 == kActionKindCount);  // draw_damage() has the others
  std::uint32_t id = 0;
  for (const ActionKind kind : kKinds) {
    const auto number = static_cast<std::uint64_t>(kind);
    const bool is_crash = kind == ActionKind::power_loss || kind == ActionKind::process_kill;
    const bool is_rot = kind == ActionKind::bit_rot;
    if (is_rot && budget == Budget::within) continue;
    if (machines_of(plan) == 1 && is_of_groups(kind)) continue;
    // Crashes and partitions are what these runs are about: nine seeds in ten have each kind.
    const std::uint32_t often = is_rot ? 1'000'000 : is_crash || kind == ActionKind::partition ? 900'000 : kHalf;
    if (!decisions.happens("plan-action-on", {number}, often)) continue;
    const std::uint64_t count = 1 + decisions.below("plan-action-count", {number}, count_max(kind, machines_of(plan)));
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
      if (kind == ActionKind::wall_jump) action.is_back = decisions.happens("plan-jump-back", {action.id}, kHalf);
      if (kind == ActionKind::clock_drift) {
        action.ppm = static_cast<std::int32_t>(decisions.below("plan-drift-ppm", {action.id}, 2 * kDriftMax)) - kDriftMax;
      }
      if (machines_of(plan) > 1) draw_in_group(decisions, plan, action);
      plan.actions.push_back(action);
    }
  }
  draw_early_crash(decisions, plan);
  if (machines_of(plan) > 1) draw_broken(decisions, plan);
  sort_by_time(plan.actions);
}

void draw_versions(Decisions& decisions, Plan& plan) {
  constexpr std::uint32_t kMixedPerMillion = 250'000;
  if (machines_of(plan) == 1 || !decisions.happens("plan-mixed-versions", {}, kMixedPerMillion)) return;
  for (std::uint32_t machine = 0; machine < machines_of(plan); ++machine) {
    if (decisions.happens("plan-speaks-later", {machine}, kHalf)) plan.speaks_later.push_back(machine);
  }
}

void draw_damage(Decisions& decisions, Plan& plan) {
  const std::uint32_t voters = voters_of(plan);
  const std::uint32_t dispensable = voters - quorum_of(voters);
  const bool is_beyond = decisions.happens("plan-beyond", {}, kBeyondPerMillion);
  const bool is_within = !is_beyond && dispensable > 0 && decisions.happens("plan-damaged", {}, kHalf);
  if (!is_beyond && !is_within) return;
  const std::uint64_t victims = is_within ? 1 + decisions.below("plan-victims", {}, dispensable)
                                          : dispensable + 1 + decisions.below("plan-victims", {}, voters - dispensable);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
  for (std::uint32_t member = 0; member < voters; ++member) order.emplace_back(decisions.draw("plan-victim", {member}), member);
  std::sort(order.begin(), order.end());
  // Numbers of their own: those of the other actions stay what they are without this.
  constexpr std::uint32_t kFirstId = 1000;
  std::uint32_t id = kFirstId;
  for (std::uint64_t victim = 0; victim < victims; ++victim) {
    const std::uint32_t member = order[victim].second;
    const std::uint64_t count = 1 + decisions.below("plan-damage-count", {member}, 4);
    for (std::uint64_t i = 0; i < count; ++i) {
      Action action;
      action.id = id++;
      action.member = member;
      // A lost disk leaves a group of one with nothing to look at.
      const std::uint64_t kind = decisions.below("plan-damage-kind", {member, i}, 8);
      action.kind = kind == 0 && voters > 1 ? ActionKind::lost_disk : kind < 4 ? ActionKind::misdirected_write : ActionKind::bit_rot;
      if (action.kind != ActionKind::lost_disk) action.part = static_cast<Part>(decisions.below("plan-damage-part", {member, i}, kPartCount));
      action.at = decisions.between("plan-damage-at", {member, i}, std::chrono::seconds(2), plan.faults_until);
      plan.actions.push_back(action);
      // The page cache hides a misdirected write until the power goes; and what is last in the log is so for milliseconds only.
      const bool is_hidden = action.kind == ActionKind::misdirected_write || (action.kind == ActionKind::bit_rot && action.part == Part::log);
      if (!is_hidden || !decisions.happens("plan-damage-shown", {member, i}, kHalf)) continue;
      Action crash;
      crash.id = id++;
      crash.kind = ActionKind::power_loss;
      crash.member = member;
      crash.at = action.at + decisions.between("plan-damage-shown-after", {member, i}, std::chrono::microseconds(1), std::chrono::milliseconds(30));
      if (decisions.happens("plan-damage-shown-syncing", {member, i}, kHalf)) crash.moment = Moment::syncing;
      crash.lasting = draw_lasting(decisions, ActionKind::power_loss, crash.id);
      if (crash.at < plan.faults_until) plan.actions.push_back(crash);
    }
  }
  sort_by_time(plan.actions);
}

}  // namespace sim
