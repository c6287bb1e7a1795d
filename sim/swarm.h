// sim/swarm.h: a seed's own selection of what goes wrong.
//
// Each seed draws a subset of the fault kinds and a rate for each, so that some runs are calm in most ways and
// rough in one: combinations that a fixed mix would drown (Groce et al., "Swarm testing", 2012).
#pragma once

#include <cstdint>

#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim {

// Within: every promise keeps intact durable copies on a quorum, so a member must always come back. Beyond: bits rot, the only
// copy of a store may be spoilt, and a member of one may then have to refuse.
enum class Budget : std::uint8_t { within, beyond };

// Fills plan.rates, plan.actions, plan.turn_cost, and for a group plan.broken. Requires: members, clients and faults_until are set.
void draw_faults(io::sim::Decisions& decisions, Budget budget, Plan& plan);

}  // namespace sim
