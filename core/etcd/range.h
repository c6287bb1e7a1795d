// core/etcd/range.h: answers a Range from the store, at once and whatever it takes, as transactions need it
// (behaviour reference §2.2). By itself a Range is answered in slices: range_operation.h.
#pragma once

#include <string>

#include "core/api/kv.pb.h"
#include "core/base/result.h"
#include "core/etcd/answer.h"
#include "core/etcd/kv_changes.h"
#include "storage/mvcc/store.h"

namespace etcd {

// Why the revision cannot be read that a Range of a transaction names. Stricter than outside of one: a negative
// revision is not the newest one but one below, which only a store that was never compacted forgives (-1).
Refusal check_range(const mvcc::Store& store, const etcdserverpb::RangeRequest& request);

// Appends the response. `header.revision` is taken from the store. Requires: the request is valid (validation.h).
// Refuses a revision that cannot be read. An error is the disk's: the answer is not complete, and the member should stop.
base::Result<Refusal> append_range(mvcc::Store& store, const etcdserverpb::RangeRequest& request, Header header,
                                   std::string& response);

}  // namespace etcd
