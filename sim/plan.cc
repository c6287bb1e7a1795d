#include "sim/plan.h"

#include <algorithm>
#include <array>

#include "core/base/assert.h"

namespace sim {

namespace {
constexpr std::uint64_t kBytesPerSecondMax = 1'000'000'000;
}  // namespace

std::string_view to_text(ActionKind kind) {
  switch (kind) {
    case ActionKind::power_loss: return "power_loss";
    case ActionKind::process_kill: return "process_kill";
    case ActionKind::pause: return "pause";
    case ActionKind::cut_link: return "cut_link";
    case ActionKind::disk_full: return "disk_full";
    case ActionKind::disk_hang: return "disk_hang";
    case ActionKind::wall_jump: return "wall_jump";
    case ActionKind::bit_rot: return "bit_rot";
    case ActionKind::clock_drift: return "clock_drift";
    case ActionKind::partition: return "partition";
    case ActionKind::slow_links: return "slow_links";
    case ActionKind::reset_links: return "reset_links";
    case ActionKind::cut_leader: return "cut_leader";
    case ActionKind::misdirected_write: return "misdirected_write";
    case ActionKind::lost_disk: return "lost_disk";
  }
  ASSERT(false && "a kind outside the enumeration");
  return {};
}

std::string_view to_text(Moment moment) {
  switch (moment) {
    case Moment::any: return "any";
    case Moment::syncing: return "syncing";
    case Moment::storing: return "storing";
    case Moment::recovering: return "recovering";
    case Moment::changing: return "changing";
  }
  ASSERT(false && "a moment outside the enumeration");
  return {};
}

std::string_view to_text(Part part) {
  switch (part) {
    case Part::store_wal: return "store_wal";
    case Part::log: return "log";
    case Part::store: return "store";
  }
  ASSERT(false && "a part outside the enumeration");
  return {};
}

std::string_view to_text(Shape shape) {
  switch (shape) {
    case Shape::halves: return "halves";
    case Shape::outgoing: return "outgoing";
    case Shape::incoming: return "incoming";
    case Shape::bridge: return "bridge";
    case Shape::pairs: return "pairs";
  }
  ASSERT(false && "a shape outside the enumeration");
  return {};
}

std::string_view to_text(Ailment ailment) {
  switch (ailment) {
    case Ailment::down: return "down";
    case Ailment::cut_off: return "cut_off";
    case Ailment::isolated: return "isolated";
    case Ailment::hanging: return "hanging";
  }
  ASSERT(false && "an ailment outside the enumeration");
  return {};
}

std::string member_name(std::uint32_t member) { return "m" + std::to_string(member + 1); }

std::string further_fields_of(const Plan& plan, std::uint32_t machine) {
  // A field 1000 of `Message`, with a value, that no version knows yet.
  constexpr std::string_view kField = "\xc2\x3e\x05later";
  return std::string(std::binary_search(plan.speaks_later.begin(), plan.speaks_later.end(), machine) ? kField : std::string_view());
}

std::string contradiction(const Plan& plan) {
  if (plan.members == 0 || plan.members > kMembersMax) return "`members` must be in [1, " + std::to_string(kMembersMax) + "]";
  if (plan.spares > kMembersMax - plan.members) return "`members` and `spares` must be " + std::to_string(kMembersMax) + " at most";
  if (plan.learners >= plan.members) return "`learners` must be fewer than `members`";
  if (plan.clients == 0 || plan.clients > 1000) return "`clients` must be in [1, 1000]";
  for (std::size_t i = 0; i < plan.speaks_later.size(); ++i) {
    if (plan.speaks_later[i] >= machines_of(plan)) return "`speaks_later` names a member that does not exist";
    if (i > 0 && plan.speaks_later[i] <= plan.speaks_later[i - 1]) return "`speaks_later` is not ascending";
  }
  for (const Operation& operation : plan.operations) {
    if (operation.client >= plan.clients) return "an operation of a client that does not exist";
  }
  for (const Action& action : plan.actions) {
    const std::string which = "action " + std::to_string(action.id) + " names ";
    if (action.member >= machines_of(plan)) return which + "a member that does not exist";
    if (action.kind == ActionKind::cut_link && action.client >= plan.clients) return which + "a client that does not exist";
    if (action.kind == ActionKind::cut_leader && action.moment != Moment::any && action.moment != Moment::changing) {
      return "action " + std::to_string(action.id) + " waits for what is no moment of a leader";
    }
    if (action.bytes_per_second > kBytesPerSecondMax) return "action " + std::to_string(action.id) + " has links that are too fast";
    for (std::size_t i = 0; i < action.others.size(); ++i) {
      const std::uint32_t other = action.others[i];
      if (other >= machines_of(plan)) return which + "a member that does not exist";
      if (other == action.member || (i > 0 && other <= action.others[i - 1])) return which + "other members that are not ascending, or its own";
    }
  }
  std::array<bool, kMembersMax> is_broken{};
  for (const Broken& broken : plan.broken) {
    if (broken.member >= machines_of(plan)) return "a broken member that does not exist";
    if (is_broken[broken.member]) return "a member that is broken twice";
    is_broken[broken.member] = true;
  }
  if (plan.spares > 0) return {};  // who is needed then shows when the faults end
  const auto voters = is_broken.begin() + voters_of(plan);
  const auto broken_voters = static_cast<std::uint32_t>(std::count(is_broken.begin(), voters, true));
  if (voters_of(plan) - broken_voters < quorum_of(voters_of(plan))) return "so many members stay broken that no quorum is left";
  return {};
}

}  // namespace sim
