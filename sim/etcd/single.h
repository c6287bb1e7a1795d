// sim/etcd/single.h: one etcd member and its clients.
//
// Fifty simulated seconds of whatever KV and HashKV offer, while the member crashes, its disk fails and its links break;
// then everything heals, every client must get its last answers, and the files must hold what they should.
#pragma once

#include <memory>

#include "sim/tenant.h"

namespace sim::etcd {

// `single`: every seed must pass.
std::unique_ptr<Scenario> make_single();
// `rot`: the same, and bits of the store's -wal change. A seed passes, or is refused within the rules.
std::unique_ptr<Scenario> make_rot();

}  // namespace sim::etcd
