// core/etcd/apply_kv.h: what a command of the service KV does when its log entry is applied.
//
// Each is one entry of the store: it changes it or refuses, and puts an answer (answer.h) into `answer` when
// somebody waits. `header` is that of the answer, but for its revision. An error is the disk's; nothing was changed.
#pragma once

#include <string>

#include "core/api/kv.pb.h"
#include "core/base/result.h"
#include "core/etcd/answer.h"
#include "core/etcd/leases.h"
#include "storage/mvcc/store.h"

namespace etcd {

base::Status apply(mvcc::Store& store, const Leases& leases, const etcdserverpb::PutRequest& request, const Header& header,
                   std::string* answer);
base::Status apply(mvcc::Store& store, const Leases& leases, const etcdserverpb::DeleteRangeRequest& request, const Header& header,
                   std::string* answer);
base::Status apply(mvcc::Store& store, const Leases& leases, const etcdserverpb::TxnRequest& request, const Header& header,
                   std::string* answer);
base::Status apply(mvcc::Store& store, const Leases& leases, const etcdserverpb::CompactionRequest& request, Header header,
                   std::string* answer);

}  // namespace etcd
