// sim/etcd/single.h: one etcd member and its clients.
//
// Sixty simulated seconds of puts, reads and deletes over few keys, while the member crashes, its disk fails
// and its links break; then everything heals, and every client must get its last answers.
#pragma once

#include <memory>

#include "sim/tenant.h"

namespace sim::etcd {

// `single`: every seed must pass.
std::unique_ptr<Scenario> make_single();
// `rot`: the same, and bits of the store's -wal change. A seed passes, or is refused within the rules.
std::unique_ptr<Scenario> make_rot();

}  // namespace sim::etcd
