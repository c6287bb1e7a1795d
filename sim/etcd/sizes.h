// sim/etcd/sizes.h: the member's sizes and delays that a plan names, small enough that every run fills segments,
// batches and bounds many times.
#pragma once

#include <optional>

#include "core/base/result.h"
#include "core/etcd/config.h"
#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim::etcd {

// Fills plan.sizes.
void draw_sizes(io::sim::Decisions& decisions, Plan& plan);

// Adds what matters to several members: how fast they notice that one is gone, how long clients have patience, and how much of the log is
// kept for those who lag.
void draw_group_sizes(io::sim::Decisions& decisions, Plan& plan);

// And what matters to a group that changes: how the members are told to take changes, and what the operators leave.
// Requires: members is set.
void draw_change_rules(io::sim::Decisions& decisions, Plan& plan);

// And what matters to those who watch: what the members read of history at a time and leave unsent, how often they say that nothing happens,
// and how much watchers let come before they read. Requires: the other sizes are drawn.
void draw_watch_sizes(io::sim::Decisions& decisions, Plan& plan);

// What may come on the stream of a client that watches and does not read, if the plan says so.
std::optional<std::uint64_t> watch_window_bytes(const Plan& plan);

// Operators remove no voter that leaves fewer.
std::uint64_t voters_min(const Plan& plan);

// How long a client waits for an answer, if the plan says so.
std::optional<base::Duration> client_timeout(const Plan& plan);

// invalid when the plan names a size that this version does not know, and when a member could not have such sizes together.
base::Status use_sizes(const Plan& plan, ::etcd::ServerConfig& config);

}  // namespace sim::etcd
