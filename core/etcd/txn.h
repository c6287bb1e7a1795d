// core/etcd/txn.h: runs a transaction (behaviour reference §3).
//
// First all conditions of the tree, along the branches that they choose; then what may refuse the operations of
// those branches; only then the operations, each of which sees what earlier ones changed.
#pragma once

#include <string>

#include "core/api/kv.pb.h"
#include "core/base/result.h"
#include "core/etcd/answer.h"
#include "core/etcd/kv_changes.h"
#include "storage/mvcc/store.h"

namespace etcd {

// Whether it can change nothing, whichever branches it takes: both are Ranges and nothing else. (A nested
// transaction makes it a writing one for etcd, whatever it does.) Such a one needs no log entry.
bool is_read_only(const etcdserverpb::TxnRequest& request);

// Whether it may be answered from this member as it is: no Range that is not serializable. So a transaction without
// operations may, whatever it compares. Requires: is_read_only(request).
bool is_serializable(const etcdserverpb::TxnRequest& request);

// Appends the response to `response` when somebody waits; whether somebody does changes nothing else. `header` is
// that of the response, but for its revision. When it is refused or the disk fails, the caller abandons the entry.
// Requires: the request is valid (txn_validation.h), and an entry is open unless it is read only.
base::Result<Refusal> run_txn(mvcc::Store& store, const Leases& leases, const etcdserverpb::TxnRequest& request, Header header,
                              std::string* response);

}  // namespace etcd
