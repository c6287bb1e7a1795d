#include "sim/plain_sizes.h"

#include <array>
#include <string>
#include <string_view>

namespace sim {

namespace {

struct SizeRange {
  std::string_view name;
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t PlainSizes::* field;
};
constexpr std::array kSizes = {
    SizeRange{"log_segment_bytes", 16 << 10, 256 << 10, &PlainSizes::log_segment_bytes},
    SizeRange{"apply_slice_entries", 1, 64, &PlainSizes::apply_slice_entries},
    SizeRange{"unmaterialised_bytes_max", 2 << 10, 16 << 10, &PlainSizes::unmaterialised_bytes_max},
    SizeRange{"write_state_after_bytes", 30, 2 << 10, &PlainSizes::write_state_after_bytes},
    // So few that a member which is away for a second needs a snapshot.
    SizeRange{"kept_entries_max", 30, 400, &PlainSizes::kept_entries_max},
    SizeRange{"truncate_step_entries", 1, 20, &PlainSizes::truncate_step_entries},
    SizeRange{"snapshots_max", 1, 2, &PlainSizes::snapshots_max},
    SizeRange{"heartbeat_ms", 20, 150, &PlainSizes::heartbeat_ms},
    SizeRange{"election_ticks", 5, 12, &PlainSizes::election_ticks},
    SizeRange{"attempt_ms", 300, 8000, &PlainSizes::attempt_ms},
};

}  // namespace

base::Duration PlainSizes::election_timeout() const {
  return std::chrono::milliseconds(heartbeat_ms) * (election_ticks - 1);
}

void PlainSizes::use(replica::Options& tuning) const {
  tuning.wal.segment_bytes = log_segment_bytes;
  tuning.apply_slice_entries = apply_slice_entries;
  tuning.unmaterialised_bytes_max = unmaterialised_bytes_max;
  tuning.kept_entries_max = kept_entries_max;
  tuning.catch_up_entries = kept_entries_max / 4;  // of a group of one
  tuning.truncate_step_entries = truncate_step_entries;
  tuning.snapshots_max = snapshots_max;
  tuning.tick_interval = std::chrono::milliseconds(heartbeat_ms);
  tuning.election_ticks = static_cast<std::uint32_t>(election_ticks);
}

void draw_plain_sizes(io::sim::Decisions& decisions, Plan& plan) {
  for (const SizeRange& size : kSizes) {
    plan.sizes[std::string(size.name)] = size.first + decisions.below("plan-size", {io::sim::key(size.name)}, size.last - size.first + 1);
  }
}

base::Result<PlainSizes> plain_sizes_of(const Plan& plan) {
  PlainSizes sizes;
  for (const SizeRange& range : kSizes) {
    const auto found = plan.sizes.find(std::string(range.name));
    if (found == plan.sizes.end() || found->second < range.first || found->second > range.last) {
      return base::fail(base::Code::invalid, "the size `" + std::string(range.name) + "` is missing, or out of its range");
    }
    sizes.*range.field = found->second;
  }
  if (plan.sizes.size() != kSizes.size()) return base::fail(base::Code::invalid, "there are sizes that such members do not have");
  return sizes;
}

}  // namespace sim
