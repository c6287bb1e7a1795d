// core/etcd/apply_lease.h: what a command of the service Lease does when its log entry is applied (behaviour reference §5.2).
//
// Each is one entry: see apply_kv.h.
#pragma once

#include <string>

#include "core/api/lease.pb.h"
#include "core/base/result.h"
#include "core/etcd/answer.h"
#include "core/etcd/leases.h"
#include "storage/mvcc/store.h"

namespace etcd {

base::Status apply(mvcc::Store& store, Leases& leases, const etcdserverpb::LeaseGrantRequest& request, Header header, std::string* answer);
// What hangs on the lease is deleted in byte order, all in one revision.
base::Status apply(mvcc::Store& store, Leases& leases, const etcdserverpb::LeaseRevokeRequest& request, Header header, std::string* answer);
base::Status apply(mvcc::Store& store, Leases& leases, const etcdserverpb::LeaseCheckpointRequest& request, Header header,
                   std::string* answer);

}  // namespace etcd
