// sim/etcd/extreme_sizes.h: sizes and delays so far from usual that what they bound, which is hardly ever reached, is reached all the time.
//
// A quarter of the seeds has some of them, the others none: what no plan names is as in a daemon. They come in groups that make sense
// together, and each seed that has any has every other group.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/etcd/config.h"
#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim::etcd {

// Adds to plan.sizes, and replaces some. False: nothing. Requires: draw_sizes() and, of a group, draw_group_sizes() have been called.
bool draw_extreme_sizes(io::sim::Decisions& decisions, Plan& plan);

// False: it has another name.
bool use_extreme_size(std::string_view name, std::uint64_t value, ::etcd::ServerConfig& config);

}  // namespace sim::etcd
