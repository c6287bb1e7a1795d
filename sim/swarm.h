// sim/swarm.h: a seed's own selection of what goes wrong.
//
// Each seed draws a subset of the fault kinds and a rate for each, so that some runs are calm in most ways and
// rough in one: combinations that a fixed mix would drown (Groce et al., "Swarm testing", 2012).
#pragma once

#include <cstdint>

#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim {

// Within: draw_faults() spoils no disk, so every promise keeps its intact durable copies and a member must always come back. Beyond: bits
// of the store's first files rot, many of them.
enum class Budget : std::uint8_t { within, beyond };

// Fills plan.rates, plan.actions, plan.turn_cost, and for a group plan.broken. Requires: members, clients and faults_until are set.
void draw_faults(io::sim::Decisions& decisions, Budget budget, Plan& plan);

// In a quarter of the seeds of several machines some, each with even chances, are of a later version: plan.speaks_later.
void draw_versions(io::sim::Decisions& decisions, Plan& plan);

// Then, if it is to: disks are spoilt, in a good third of the seeds of more members than a quorum can do without, and in half of the others
// of no more than that (which a group of one or two has not). Adds to plan.actions, and changes nothing that is there. What a run
// may demand follows from what it comes to (Ledger), not from this.
void draw_damage(io::sim::Decisions& decisions, Plan& plan);

}  // namespace sim
