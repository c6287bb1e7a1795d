// core/etcd/compare.h: the conditions of a transaction (behaviour reference §3.2).
#pragma once

#include "core/api/kv.pb.h"
#include "core/base/result.h"
#include "storage/mvcc/store.h"

namespace etcd {

// Whether the condition holds for every key of its range, as the store stands. A key that is not there, or a
// range without keys, has version, revisions and lease 0; of its value nothing is true, not even that it differs.
// Only values and leases need a read of the disk, and an error is the disk's.
base::Result<bool> holds(mvcc::Store& store, const etcdserverpb::Compare& compare);

}  // namespace etcd
