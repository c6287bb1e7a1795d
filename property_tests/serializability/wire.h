// property_tests/serializability/wire.h: a tiny history as the one that a recorder would have written.
#pragma once

#include "property_tests/serializability/tiny.h"
#include "sim/etcd/history.h"

namespace tiny {

sim::etcd::History to_wire(const History& history);

}  // namespace tiny
