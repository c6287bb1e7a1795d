// core/etcd/range.h: answers a Range from the store, at once (behaviour reference §2.2).
#pragma once

#include <string>

#include "core/api/kv.pb.h"
#include "core/base/result.h"
#include "core/etcd/answer.h"
#include "storage/mvcc/store.h"

namespace etcd {

// Puts an answer (answer.h) into `answer`, which is empty: the response, or why the revision cannot be read.
// `header.revision` is taken from the store. Requires: the request is valid (validation.h).
// An error is the disk's: the answer is not complete and the member should stop.
base::Status answer_range(mvcc::Store& store, const etcdserverpb::RangeRequest& request, Header header, std::string& answer);

}  // namespace etcd
