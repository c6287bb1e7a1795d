// core/etcd/kv_changes.h: Put and DeleteRange within an entry that changes the store, by themselves or as
// operations of a transaction (behaviour reference §2.3).
//
// `header` is that of the response, but for its revision. The response is appended to `response` when somebody
// waits; whether somebody does changes nothing else. An error is the disk's: the caller abandons the entry.
#pragma once

#include <optional>
#include <string>

#include "core/api/kv.pb.h"
#include "core/base/result.h"
#include "core/etcd/answer.h"
#include "core/etcd/errors.h"
#include "core/etcd/leases.h"
#include "storage/mvcc/store.h"

namespace etcd {

// Why something that its request alone allows is refused by what stands in the store; nullopt: it is not.
using Refusal = std::optional<ErrorId>;

// Of a revision that a request names.
ErrorId refusal_of(mvcc::RevisionError error);

// Before anything changes: the lease exists, then the key whose value or lease is to be kept.
Refusal check_put(const mvcc::Store& store, const Leases& leases, const etcdserverpb::PutRequest& request);

// Requires: an entry is open. Refuses what check_put() would, if an earlier operation has made it so.
base::Result<Refusal> put(mvcc::Store& store, const etcdserverpb::PutRequest& request, Header header,
                          std::string* response);
// Requires: an entry is open.
base::Status delete_range(mvcc::Store& store, const etcdserverpb::DeleteRangeRequest& request, Header header,
                          std::string* response);

}  // namespace etcd
