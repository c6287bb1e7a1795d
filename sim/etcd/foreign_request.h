// sim/etcd/foreign_request.h: a request that somebody else's program makes, as far as the oracle follows it.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "sim/etcd/operation.h"
#include "sim/etcd/wire_request.h"

namespace sim::etcd {

struct ForeignRequest {
  KvOperation operation;  // kind, keys, and who may get stale data; the values stand in `wire` alone
  WireRequest wire;
  bool is_judged = true;  // the model can say what the answer has to be; else only the revision in it is looked at
};

// `path` is one of Put, Range, DeleteRange, Txn and Compact of etcdserverpb.KV. invalid when the model would not know what such a request does:
// leases, `ignore_value` and `ignore_lease`.
base::Result<ForeignRequest> read_foreign(std::string_view path, std::string_view bytes);

}  // namespace sim::etcd
