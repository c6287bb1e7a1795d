// sim/etcd/membership.h: an etcd cluster that grows, shrinks and replaces members while everything fails.
//
// As `cluster`, with machines to spare and one or two operators that change the group, against each other too. What they began they
// finish in the calm, but nothing that could cost a group its quorum whose members stay broken.
#pragma once

#include <memory>

#include "sim/tenant.h"

namespace sim::etcd {

// `membership`: every seed must pass.
std::unique_ptr<Scenario> make_membership();

}  // namespace sim::etcd
