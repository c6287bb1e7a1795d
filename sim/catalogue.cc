#include "sim/catalogue.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "core/base/assert.h"

namespace sim {

namespace {

using io::sim::FaultKind;

constexpr std::uint64_t kAlways = 1'000'000;

void drop_rate(Plan& plan, std::string_view name) { plan.rates.erase(std::string(name)); }

void drop_actions(Plan& plan, std::initializer_list<ActionKind> kinds) {
  const auto is_one = [&](const Action& action) { return std::find(kinds.begin(), kinds.end(), action.kind) != kinds.end(); };
  plan.actions.erase(std::remove_if(plan.actions.begin(), plan.actions.end(), is_one), plan.actions.end());
}

void drop_ailments(Plan& plan, std::initializer_list<Ailment> ailments) {
  const auto is_one = [&](const Broken& broken) { return std::find(ailments.begin(), ailments.end(), broken.ailment) != ailments.end(); };
  plan.broken.erase(std::remove_if(plan.broken.begin(), plan.broken.end(), is_one), plan.broken.end());
}

void leave_out_one(FaultKind kind, Plan& plan) {
  switch (kind) {
    case FaultKind::network_reset: drop_rate(plan, "link.reset"); return drop_actions(plan, {ActionKind::reset_links});
    case FaultKind::network_half_open: return drop_rate(plan, "node.half_open");
    case FaultKind::network_stall: return drop_rate(plan, "link.stall");
    case FaultKind::network_partition:
      drop_ailments(plan, {Ailment::cut_off, Ailment::isolated});
      return drop_actions(plan, {ActionKind::cut_link, ActionKind::partition, ActionKind::cut_leader});
    case FaultKind::network_split: return drop_rate(plan, "link.split");
    case FaultKind::network_corrupt: return drop_rate(plan, "peer.corrupt");
    case FaultKind::network_slow: return drop_actions(plan, {ActionKind::slow_links});
    case FaultKind::connect_refused: break;
    case FaultKind::disk_lost_sector: return drop_rate(plan, "disk.lost_sector");
    case FaultKind::disk_torn_sector: return drop_rate(plan, "disk.torn_sector");
    case FaultKind::disk_lost_size: plan.rates["disk.kept_size"] = kAlways; return;
    case FaultKind::disk_lost_name: return drop_rate(plan, "disk.lost_name");
    case FaultKind::disk_dropped_page: plan.rates["disk.reverted_sync"] = kAlways; return;
    case FaultKind::disk_reverted_page: return drop_rate(plan, "disk.reverted_sync");
    case FaultKind::disk_misdirected: return drop_actions(plan, {ActionKind::misdirected_write});
    case FaultKind::disk_read_error: return drop_rate(plan, "disk.read_error");
    case FaultKind::disk_write_error: return drop_rate(plan, "disk.write_error");
    case FaultKind::disk_sync_error: return drop_rate(plan, "disk.sync_error");
    case FaultKind::disk_metadata_error: return drop_rate(plan, "disk.metadata_error");
    case FaultKind::disk_no_space: drop_rate(plan, "disk.no_space"); return drop_actions(plan, {ActionKind::disk_full});
    case FaultKind::disk_bit_rot: return drop_actions(plan, {ActionKind::bit_rot});
    case FaultKind::disk_slow: drop_rate(plan, "disk.slow"); return drop_actions(plan, {ActionKind::disk_hang});
    case FaultKind::disk_hung: drop_rate(plan, "disk.hung"); return drop_ailments(plan, {Ailment::hanging});
    case FaultKind::process_kill: return drop_actions(plan, {ActionKind::process_kill});
    case FaultKind::power_loss: drop_ailments(plan, {Ailment::down}); return drop_actions(plan, {ActionKind::power_loss});
    case FaultKind::pause: return drop_actions(plan, {ActionKind::pause});
    case FaultKind::clock_drift: return drop_actions(plan, {ActionKind::clock_drift});
    case FaultKind::clock_jump: return drop_actions(plan, {ActionKind::wall_jump});
  }
  ASSERT(false && "a kind that cannot be left out");
}

bool has_kind(const std::vector<FaultKind>& kinds, FaultKind kind) { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); }

}  // namespace

std::string_view describe(FaultKind kind) {
  switch (kind) {
    case FaultKind::network_reset: return "a stream is reset under its users";
    case FaultKind::network_half_open: return "a machine has lost its power, and its peer writes into the void";
    case FaultKind::network_stall: return "bytes of a stream wait for up to two seconds, and those behind them";
    case FaultKind::network_partition: return "links are cut: bytes wait, connections are not made";
    case FaultKind::network_split: return "what was written at once arrives in parts";
    case FaultKind::network_corrupt: return "a byte changes on its way between members";
    case FaultKind::network_slow: return "a link carries only so many bytes a second";
    case FaultKind::connect_refused: return "nobody listens: the process is down, or not ready";
    case FaultKind::disk_lost_sector: return "a sector that was not synced is gone, or old, after a power loss";
    case FaultKind::disk_torn_sector: return "a sector that was not synced is old and new in parts after a power loss";
    case FaultKind::disk_lost_size: return "a file is shorter or longer after a power loss";
    case FaultKind::disk_lost_name: return "a create, rename or remove that was not synced is undone by a power loss";
    case FaultKind::disk_dropped_page: return "a failed sync: the disk lacks what reads have, until the power goes";
    case FaultKind::disk_reverted_page: return "a failed sync: reads have what the disk has, and not what was written";
    case FaultKind::disk_misdirected: return "a write lands at another place of its file";
    case FaultKind::disk_read_error: return "a read fails";
    case FaultKind::disk_write_error: return "a write or truncate fails, and leaves a beginning of itself";
    case FaultKind::disk_sync_error: return "a sync of a file or directory fails";
    case FaultKind::disk_metadata_error: return "an open, create, rename, remove or list fails";
    case FaultKind::disk_no_space: return "a call that needs room finds none";
    case FaultKind::disk_bit_rot: return "a bit changes on the disk while nobody looks";
    case FaultKind::disk_slow: return "a disk call takes up to a second";
    case FaultKind::disk_hung: return "a disk call takes many seconds, or never ends";
    case FaultKind::process_kill: return "a process is killed at any instant; its page cache stays";
    case FaultKind::power_loss: return "a machine loses its power at any instant";
    case FaultKind::pause: return "a process stands still while its clock goes on";
    case FaultKind::clock_drift: return "a machine's clocks run fast or slow";
    case FaultKind::clock_jump: return "a wall clock jumps, forward or back";
  }
  ASSERT(false && "a kind outside the enumeration");
  return {};
}

std::optional<FaultKind> fault_named(std::string_view name) {
  for (std::size_t kind = 0; kind < io::sim::kFaultKindCount; ++kind) {
    if (io::sim::to_text(static_cast<FaultKind>(kind)) == name) return static_cast<FaultKind>(kind);
  }
  return std::nullopt;
}

bool can_be_left_out(FaultKind kind) { return kind != FaultKind::connect_refused; }

void leave_out(const std::vector<FaultKind>& kinds, Plan& plan) {
  for (const FaultKind kind : kinds) leave_out_one(kind, plan);
  // Without one of the two every failed sync does the other; without either it loses nothing.
  if (has_kind(kinds, FaultKind::disk_dropped_page) && has_kind(kinds, FaultKind::disk_reverted_page)) {
    drop_rate(plan, "disk.dropped_sector");
    drop_rate(plan, "disk.reverted_sync");
  }
}

Plan Without::draw_plan(std::uint64_t seed) const {
  Plan plan = scenario_.draw_plan(seed);
  leave_out(kinds_, plan);
  return plan;
}

}  // namespace sim
