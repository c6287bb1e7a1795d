#include "sim/etcd/sizes.h"

#include <algorithm>
#include <array>
#include <string>

#include "sim/etcd/extreme_sizes.h"

namespace sim::etcd {

namespace {

using ::etcd::Tuning;
using io::sim::Decisions;
using io::sim::Identity;

struct SizeRange {
  std::string_view name;
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t Tuning::* field;
};
constexpr std::array kSizes = {
    SizeRange{"log_segment_bytes", 16 << 10, 256 << 10, &Tuning::log_segment_bytes},
    SizeRange{"apply_slice_entries", 1, 64, &Tuning::apply_slice_entries},
    SizeRange{"catch_up_entries", 0, 100, &Tuning::catch_up_entries},
    SizeRange{"truncate_step_entries", 1, 100, &Tuning::truncate_step_entries},
    SizeRange{"kept_entries_max", 300, 2000, &Tuning::kept_entries_max},
    SizeRange{"unmaterialised_bytes_max", 2 << 10, 64 << 10, &Tuning::unmaterialised_bytes_max},
    SizeRange{"store_batch_rows", 1, 50, &Tuning::store_batch_rows},
    SizeRange{"store_wal_bytes_max", 256 << 10, 2 << 20, &Tuning::store_wal_bytes_max},
    SizeRange{"store_snapshot_wal_bytes", 2 << 20, 8 << 20, &Tuning::store_snapshot_wal_bytes},
    SizeRange{"range_slice_keys", 1, 12, &Tuning::range_slice_keys},
    SizeRange{"range_slice_rows", 1, 8, &Tuning::range_slice_rows},
    SizeRange{"range_slice_bytes", 64, 4 << 10, &Tuning::range_slice_bytes},
    SizeRange{"range_part_bytes", 64, 16 << 10, &Tuning::range_part_bytes},
    SizeRange{"watch_slice_rows", 1, 20, &Tuning::watch_slice_rows},
    SizeRange{"watch_slice_bytes", 64, 16 << 10, &Tuning::watch_slice_bytes},
    SizeRange{"store_vacuum_pages", 1, 64, &Tuning::store_vacuum_pages},
    SizeRange{"store_page_cache_bytes", 64 << 10, 1 << 20, &Tuning::store_page_cache_bytes},
};

// Of those who watch.
constexpr std::array kWatchSizes = {
    SizeRange{"watch_slice_rows", 1, 60, &Tuning::watch_slice_rows},
    SizeRange{"watch_slice_bytes", 64, 16 << 10, &Tuning::watch_slice_bytes},
};
constexpr std::string_view kQueuedBytes = "stream_queued_bytes_max";  // of other streams as well
constexpr std::uint64_t kQueuedBytesMin = 256;
constexpr std::uint64_t kQueuedBytesMax = 32 << 10;
constexpr std::string_view kNotifyInterval = "watch_progress_notify_interval_ns";
// Where it is less than all that is ever told a client that reads pays for it with a round trip for each of it.
constexpr std::string_view kWatchWindow = "watch_window_bytes";
constexpr std::uint64_t kWatchWindowMin = 8 << 10;
constexpr std::uint64_t kWatchWindowMax = 64 << 10;
constexpr std::uint64_t kWatchWindowBytesMax = 1 << 20;
constexpr std::uint32_t kNarrowPerMillion = 600'000;

struct DelayRange {
  std::string_view name;
  base::Duration first;
  base::Duration last;
  base::Duration Tuning::* field;
};
constexpr std::array kDelays = {
    DelayRange{"store_batch_delay_ns", std::chrono::milliseconds(1), std::chrono::milliseconds(200), &Tuning::store_batch_delay},
    DelayRange{"store_checkpoint_delay_ns", std::chrono::milliseconds(50), std::chrono::seconds(5), &Tuning::store_checkpoint_delay},
    DelayRange{"store_vacuum_delay_ns", std::chrono::milliseconds(20), std::chrono::seconds(1), &Tuning::store_vacuum_delay},
};

// As the flags of etcd's names: slow enough that crashes fall into a pass, and not so slow that the last one of a run
// would not end with it.
constexpr std::string_view kCompactionLimit = "compaction_batch_limit";
constexpr std::uint64_t kCompactionLimitMin = 4;
constexpr std::uint64_t kCompactionLimitMax = 24;
constexpr std::string_view kCompactionPause = "compaction_sleep_interval_ns";
constexpr std::uint64_t kCompactionPauseMin = 1'000'000;
constexpr std::uint64_t kCompactionPauseMax = 30'000'000;

constexpr std::string_view kHeartbeat = "heartbeat_interval_ns";
constexpr std::string_view kElection = "election_timeout_ns";
constexpr std::string_view kClientTimeout = "client_timeout_ns";
// Half of it a group keeps for members that lag: few enough that one which is away for seconds needs a snapshot.
constexpr std::string_view kKeptEntries = "kept_entries_max";
constexpr std::uint64_t kKeptEntriesOfGroupMin = 110;
constexpr std::uint64_t kKeptEntriesOfGroupMax = 400;
// In every other run a second is enough.
constexpr std::uint64_t kFewKeptEntriesMin = 30;
constexpr std::string_view kCatchUpEntries = "catch_up_entries";

constexpr std::string_view kStrict = "strict_reconfig_check";
constexpr std::uint32_t kStrictPerMillion = 700'000;
constexpr std::string_view kLearners = "max_learners";
constexpr std::uint64_t kLearnersMax = 3;
constexpr std::string_view kVotersMin = "voters_min";

base::Duration duration_of(std::uint64_t nanoseconds) { return base::Duration(static_cast<std::int64_t>(nanoseconds)); }

bool use(std::string_view name, std::uint64_t value, ::etcd::ServerConfig& config) {
  if (name == kCompactionLimit) {
    config.compaction_batch_limit = value;
    return true;
  }
  if (name == kCompactionPause) {
    config.compaction_sleep_interval = duration_of(value);
    return true;
  }
  if (name == kHeartbeat) {
    config.heartbeat_interval = duration_of(value);
    return true;
  }
  if (name == kElection) {
    config.election_timeout = duration_of(value);
    return true;
  }
  if (name == kStrict) {
    config.strict_reconfig_check = value != 0;
    return true;
  }
  if (name == kLearners) {
    config.max_learners = value;
    return true;
  }
  if (name == kNotifyInterval) {
    config.watch_progress_notify_interval = duration_of(value);
    return true;
  }
  if (name == kClientTimeout || name == kVotersMin || name == kWatchWindow) return true;  // the clients' and operators' own
  for (const SizeRange& size : kSizes) {
    if (size.name != name) continue;
    config.tuning.*size.field = value;
    return true;
  }
  for (const SizeRange& size : kWatchSizes) {
    if (size.name != name) continue;
    config.tuning.*size.field = value;
    return true;
  }
  for (const DelayRange& delay : kDelays) {
    if (delay.name != name) continue;
    config.tuning.*delay.field = duration_of(value);
    return true;
  }
  return use_extreme_size(name, value, config);
}

// Empty when a member takes them together: it may assert so.
std::string contradiction_in(const ::etcd::ServerConfig& config) {
  const Tuning& tuning = config.tuning;
  if (tuning.catch_up_entries >= tuning.kept_entries_max) return "`catch_up_entries` must be less than `kept_entries_max`";
  if (tuning.unapplied_entries_max == 0) return "`unapplied_entries_max` must not be zero";
  if (config.watch_progress_notify_interval < std::chrono::milliseconds(100)) return "`watch_progress_notify_interval_ns` must be 100 ms at least";
  if (tuning.snapshots_max == 0) return "`snapshots_max` must not be zero";
  if (tuning.store_snapshot_wal_bytes < tuning.store_wal_bytes_max) return "`store_snapshot_wal_bytes` must be `store_wal_bytes_max` at least";
  if (tuning.store_snapshot_wal_bytes_max < tuning.store_snapshot_wal_bytes) return "`store_snapshot_wal_bytes` is too large";
  if (tuning.peer.keep_alive_interval >= tuning.peer.silence_timeout || tuning.peer.receipt_interval >= tuning.peer.silence_timeout) {
    return "`peer_keep_alive_interval_ns` and `peer_receipt_interval_ns` must be less than `peer_silence_timeout_ns`";
  }
  return {};
}

}  // namespace

void draw_sizes(Decisions& decisions, Plan& plan) {
  const auto draw = [&](std::string_view name, std::uint64_t first, std::uint64_t last) {
    plan.sizes[std::string(name)] = first + decisions.below("plan-size", Identity{io::sim::key(name)}, last - first);
  };
  for (const SizeRange& size : kSizes) draw(size.name, size.first, size.last);
  draw(kCompactionLimit, kCompactionLimitMin, kCompactionLimitMax);
  draw(kCompactionPause, kCompactionPauseMin, kCompactionPauseMax);
  for (const DelayRange& delay : kDelays) {
    const Identity who{io::sim::key(delay.name)};
    plan.sizes[std::string(delay.name)] =
        static_cast<std::uint64_t>(decisions.between("plan-delay", who, delay.first, delay.last).count());
  }
}

void draw_group_sizes(Decisions& decisions, Plan& plan) {
  using std::chrono::milliseconds;
  const base::Duration heartbeat = decisions.between("plan-heartbeat", {}, milliseconds(20), milliseconds(150));
  const base::Duration election = heartbeat * (5 + static_cast<int>(decisions.below("plan-election", {}, 8)));
  const base::Duration patience = decisions.between("plan-patience", {}, milliseconds(500), milliseconds(8000));
  plan.sizes[std::string(kHeartbeat)] = static_cast<std::uint64_t>(heartbeat.count());
  plan.sizes[std::string(kElection)] = static_cast<std::uint64_t>(election.count());
  plan.sizes[std::string(kClientTimeout)] = static_cast<std::uint64_t>(patience.count());
  std::uint64_t& kept = plan.sizes[std::string(kKeptEntries)];
  kept = kKeptEntriesOfGroupMin + decisions.below("plan-kept-entries", {}, kKeptEntriesOfGroupMax - kKeptEntriesOfGroupMin);
  if (!decisions.happens("plan-keeps-few-entries", {}, 500'000)) return;
  kept = kFewKeptEntriesMin + decisions.below("plan-few-kept-entries", {}, kKeptEntriesOfGroupMin - kFewKeptEntriesMin);
  std::uint64_t& catch_up = plan.sizes[std::string(kCatchUpEntries)];
  catch_up = std::min(catch_up, kept / 2);
}

void draw_change_rules(Decisions& decisions, Plan& plan) {
  plan.sizes[std::string(kStrict)] = decisions.happens("plan-strict", {}, kStrictPerMillion) ? 1 : 0;
  plan.sizes[std::string(kLearners)] = 1 + decisions.below("plan-max-learners", {}, kLearnersMax);
  plan.sizes[std::string(kVotersMin)] = 1 + decisions.below("plan-voters-min", {}, plan.members);
}

void draw_watch_sizes(Decisions& decisions, Plan& plan) {
  const auto draw = [&](std::string_view name, std::uint64_t first, std::uint64_t last) {
    return first + decisions.below("plan-watch-size", Identity{io::sim::key(name)}, last - first);
  };
  for (const SizeRange& size : kWatchSizes) plan.sizes[std::string(size.name)] = draw(size.name, size.first, size.last);
  const base::Duration notify = decisions.between("plan-watch-notify-interval", {}, std::chrono::milliseconds(100), std::chrono::seconds(4));
  plan.sizes[std::string(kNotifyInterval)] = static_cast<std::uint64_t>(notify.count());
  if (!decisions.happens("plan-watch-is-narrow", {}, kNarrowPerMillion)) return;
  plan.sizes[std::string(kWatchWindow)] = draw(kWatchWindow, kWatchWindowMin, kWatchWindowMax);
  plan.sizes.emplace(kQueuedBytes, draw(kQueuedBytes, kQueuedBytesMin, kQueuedBytesMax));  // unless it is extreme
}

std::optional<std::uint64_t> watch_window_bytes(const Plan& plan) {
  const auto found = plan.sizes.find(std::string(kWatchWindow));
  if (found == plan.sizes.end()) return std::nullopt;
  return found->second;
}

std::uint64_t voters_min(const Plan& plan) {
  const auto found = plan.sizes.find(std::string(kVotersMin));
  return found == plan.sizes.end() ? 1 : found->second;
}

std::optional<base::Duration> client_timeout(const Plan& plan) {
  const auto found = plan.sizes.find(std::string(kClientTimeout));
  if (found == plan.sizes.end()) return std::nullopt;
  return duration_of(found->second);
}

base::Status use_sizes(const Plan& plan, ::etcd::ServerConfig& config) {
  for (const auto& size : plan.sizes) {
    if (!use(size.first, size.second, config)) {
      return base::fail(base::Code::invalid, "no size is called `" + size.first + "`");
    }
  }
  if (watch_window_bytes(plan).value_or(1) == 0 || watch_window_bytes(plan).value_or(1) > kWatchWindowBytesMax) {
    return base::fail(base::Code::invalid, "`watch_window_bytes` must be in [1, " + std::to_string(kWatchWindowBytesMax) + "]");
  }
  if (const std::string wrong = contradiction_in(config); !wrong.empty()) return base::fail(base::Code::invalid, wrong);
  return {};
}

}  // namespace sim::etcd
