// core/etcd/txn_validation.h: what is refused of a transaction by looking at the request alone, in etcd's order
// (behaviour reference §2.4). nullopt: nothing to object.
#pragma once

#include <cstdint>
#include <optional>

#include "core/api/kv.pb.h"
#include "core/etcd/errors.h"

namespace etcd {

// First the whole tree: how many operations, and each by itself. Then whether puts collide, with each other or
// with deletes, in what a branch may do: in `success`, then in `failure`.
std::optional<ErrorId> validate(const etcdserverpb::TxnRequest& request, std::uint64_t txn_ops_max);

}  // namespace etcd
