#include "sim/etcd/extreme_sizes.h"

#include <algorithm>
#include <array>
#include <string>

namespace sim::etcd {

namespace {

using ::etcd::Tuning;
using io::sim::Decisions;
using io::sim::Identity;

constexpr std::uint32_t kExtremePerMillion = 250'000;
constexpr std::uint32_t kGroupPerMillion = 500'000;

enum class ExtremeGroup : std::uint8_t {
  gate,      // what may be committed and not applied
  bytes,     // of the log in memory, and with it of what may be uncommitted
  entries,   // likewise, so few that whoever is away for a moment needs a snapshot
  lanes,     // what a connection between members may have unsent
  silence,   // for how long members hear nothing of each other and wait
  transfer,  // snapshots take many round trips, and few may be under way
  pinning,   // what the -wal may hold for them
  segments,  // of the log
  streams,   // what is not sent of an answer in parts
};
constexpr int kGroupCount = 9;

// Drawn [first, last).
struct Extreme {
  ExtremeGroup group;
  std::string_view name;
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t Tuning::* field;        // of the member itself,
  std::size_t peer::Options::* lanes;   // or of its transport
  base::Duration peer::Options::* wait;  // or one of its times, in nanoseconds
};
constexpr Extreme bound(ExtremeGroup group, std::string_view name, std::uint64_t first, std::uint64_t last, std::uint64_t Tuning::* field) {
  return {group, name, first, last, field, nullptr, nullptr};
}
constexpr Extreme lane(ExtremeGroup group, std::string_view name, std::uint64_t first, std::uint64_t last, std::size_t peer::Options::* field) {
  return {group, name, first, last, nullptr, field, nullptr};
}
constexpr Extreme wait(ExtremeGroup group, std::string_view name, std::uint64_t first_ms, std::uint64_t last_ms, base::Duration peer::Options::* field) {
  return {group, name, first_ms * 1'000'000, last_ms * 1'000'000, nullptr, nullptr, field};
}

constexpr std::string_view kKeptEntriesSize = "kept_entries_max";
constexpr std::string_view kCatchUpEntriesSize = "catch_up_entries";
constexpr std::string_view kStoreWalBytes = "store_wal_bytes_max";
constexpr std::string_view kPinnedBytes = "store_snapshot_wal_bytes";

constexpr std::array kExtremes = {
    bound(ExtremeGroup::gate, "unapplied_entries_max", 3, 20, &Tuning::unapplied_entries_max),
    bound(ExtremeGroup::bytes, "kept_bytes_max", 12 << 10, 64 << 10, &Tuning::kept_bytes_max),
    bound(ExtremeGroup::entries, kKeptEntriesSize, 12, 30, &Tuning::kept_entries_max),
    bound(ExtremeGroup::entries, "truncate_step_entries", 1, 5, &Tuning::truncate_step_entries),
    lane(ExtremeGroup::lanes, "peer_control_bytes_max", 512, 4 << 10, &peer::Options::control_bytes_max),
    lane(ExtremeGroup::lanes, "peer_appends_bytes_max", 1 << 10, 16 << 10, &peer::Options::appends_bytes_max),
    wait(ExtremeGroup::silence, "peer_silence_timeout_ns", 500, 3000, &peer::Options::silence_timeout),
    wait(ExtremeGroup::silence, "peer_keep_alive_interval_ns", 50, 300, &peer::Options::keep_alive_interval),
    wait(ExtremeGroup::silence, "peer_receipt_interval_ns", 20, 200, &peer::Options::receipt_interval),
    bound(ExtremeGroup::transfer, "snapshots_max", 1, 2, &Tuning::snapshots_max),
    lane(ExtremeGroup::transfer, "snapshot_piece_bytes", 512, 8 << 10, &peer::Options::snapshot_piece_bytes),
    lane(ExtremeGroup::transfer, "snapshot_window_bytes", 1 << 10, 16 << 10, &peer::Options::snapshot_window_bytes),
    wait(ExtremeGroup::transfer, "snapshot_stall_timeout_ns", 100, 3000, &peer::Options::snapshot_stall_timeout),
    wait(ExtremeGroup::transfer, "snapshot_idle_timeout_ns", 200, 3000, &peer::Options::snapshot_idle_timeout),
    bound(ExtremeGroup::pinning, kStoreWalBytes, 48 << 10, 160 << 10, &Tuning::store_wal_bytes_max),
    bound(ExtremeGroup::pinning, kPinnedBytes, 160 << 10, 256 << 10, &Tuning::store_snapshot_wal_bytes),
    bound(ExtremeGroup::segments, "log_segment_bytes", 4 << 10, 16 << 10, &Tuning::log_segment_bytes),
    bound(ExtremeGroup::streams, "stream_queued_bytes_max", 1, 4 << 10, &Tuning::stream_queued_bytes_max),
};

bool is_of_several(ExtremeGroup group) {
  return group == ExtremeGroup::lanes || group == ExtremeGroup::silence || group == ExtremeGroup::transfer || group == ExtremeGroup::pinning;
}

}  // namespace

bool draw_extreme_sizes(Decisions& decisions, Plan& plan) {
  if (!decisions.happens("plan-has-extremes", {}, kExtremePerMillion)) return false;
  std::array<bool, kGroupCount> is_on{};
  for (std::size_t group = 0; group < is_on.size(); ++group) is_on[group] = decisions.happens("plan-extreme", {group}, kGroupPerMillion);
  for (const Extreme& extreme : kExtremes) {
    if (!is_on[static_cast<std::size_t>(extreme.group)] || (is_of_several(extreme.group) && machines_of(plan) == 1)) continue;
    plan.sizes[std::string(extreme.name)] =
        extreme.first + decisions.below("plan-extreme-size", Identity{io::sim::key(extreme.name)}, extreme.last - extreme.first);
  }
  std::uint64_t& catch_up = plan.sizes[std::string(kCatchUpEntriesSize)];
  catch_up = std::min(catch_up, plan.sizes[std::string(kKeptEntriesSize)] / 2);
  return true;
}

bool use_extreme_size(std::string_view name, std::uint64_t value, ::etcd::ServerConfig& config) {
  for (const Extreme& extreme : kExtremes) {
    if (extreme.name != name) continue;
    if (extreme.field != nullptr) config.tuning.*extreme.field = value;
    else if (extreme.lanes != nullptr) config.tuning.peer.*extreme.lanes = static_cast<std::size_t>(value);
    else config.tuning.peer.*extreme.wait = base::Duration(static_cast<std::int64_t>(value));
    return true;
  }
  return false;
}

}  // namespace sim::etcd
