// sim/etcd/sizes.h: the member's sizes and delays that a plan names, small enough that every run fills segments,
// batches and bounds many times.
#pragma once

#include "core/base/result.h"
#include "core/etcd/config.h"
#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim::etcd {

// Fills plan.sizes.
void draw_sizes(io::sim::Decisions& decisions, Plan& plan);

// invalid when the plan names a size that this version does not know.
base::Status use_sizes(const Plan& plan, ::etcd::ServerConfig& config);

}  // namespace sim::etcd
