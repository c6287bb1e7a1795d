// apps/examples/bank/scenario.h: a bank of one to seven members and its clients, under every fault that the simulator has.
//
// Fifty simulated seconds of transfers between a few accounts; then a core with a quorum recovers, every client must get its last
// answers, and the members' files must hold what the log says.
#pragma once

#include <memory>

#include "sim/tenant.h"

namespace bank {

// `bank`: every seed must pass.
std::unique_ptr<sim::Scenario> make_scenario();

}  // namespace bank
