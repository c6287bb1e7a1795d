// property_tests/serializability/search.h: strict serializability as its definition says it, by trying all orders.
//
// The definition is that of sim/etcd/serializability.h, in its first paragraph; nothing is concluded from revisions here but that
// they are part of the answers and of the log.
#pragma once

#include "property_tests/serializability/tiny.h"

namespace tiny {

bool is_strictly_serializable(const History& history);

}  // namespace tiny
