// sim/etcd/cluster.h: an etcd cluster of one to seven members and its clients.
//
// Fifty simulated seconds of whatever KV, HashKV and MoveLeader offer, to any member, while members crash, alone and together, their
// disks fail and the links between them break; then a core with a quorum recovers, perhaps without the others, which stay down,
// cut off or hanging. It must have a leader and give every client its last answers, and its files must hold what they should.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/tenant.h"

namespace sim::etcd {

// `cluster`: every seed must pass.
std::unique_ptr<Scenario> make_cluster();
// `steady-N`: the same for three members and a minute of faults; clients have N operations to ask each second, for 30 s of the calm too. To
// measure the simulator.
std::unique_ptr<Scenario> make_steady(std::uint32_t per_second);

}  // namespace sim::etcd
