// sim/plain_sizes.h: sizes and delays of members with a FileMachine, small enough that what is rare in a daemon happens in every run.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/replica/replica.h"
#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim {

struct PlainSizes {
  std::uint64_t log_segment_bytes = 0;
  std::uint64_t apply_slice_entries = 0;
  std::uint64_t unmaterialised_bytes_max = 0;
  std::uint64_t write_state_after_bytes = 0;
  std::uint64_t kept_entries_max = 0;
  std::uint64_t truncate_step_entries = 0;
  std::uint64_t snapshots_max = 0;
  std::uint64_t heartbeat_ms = 0;
  std::uint64_t election_ticks = 0;
  std::uint64_t attempt_ms = 0;  // of a client

  base::Duration attempt_max() const { return std::chrono::milliseconds(attempt_ms); }
  // For how long a member that gave its vote does not campaign, at least: the first tick may come at once.
  base::Duration election_timeout() const;
  void use(replica::Options& tuning) const;
};

// Fills plan.sizes.
void draw_plain_sizes(io::sim::Decisions& decisions, Plan& plan);
// invalid when one is missing or out of its range, and when there are others.
base::Result<PlainSizes> plain_sizes_of(const Plan& plan);

}  // namespace sim
