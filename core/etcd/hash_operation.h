// core/etcd/hash_operation.h: Maintenance/HashKV, over as many turns as it takes (behaviour reference §8.2).
//   idle -> scanning -> idle: answered, or the client went away
//
// Local, and of the state as this member has applied it: only equal compacted and hashed revisions compare. When another store is
// installed meanwhile it ends as unavailable.
#pragma once

#include <optional>

#include "core/api/maintenance.pb.h"
#include "core/etcd/pool.h"
#include "core/etcd/service_context.h"
#include "core/etcd/slice_queue.h"
#include "storage/mvcc/hash.h"

namespace etcd {

class HashOperation final : private Sliced, private rpc::CallCancelled {
 public:
  HashOperation(ServiceContext& context, SliceQueue& slices, Pool<HashOperation>& pool)
      : context_(context), slices_(slices), pool_(pool) {}

  // Answers the call on a later turn, and returns to the pool.
  void start(rpc::UnaryCall& call, const etcdserverpb::HashKVRequest& request);

 private:
  void run_slice() override;
  void on_cancelled() override;
  void answer();
  void fail(ErrorId id);
  rpc::UnaryCall& finish();  // back to the pool; the call is the caller's

  ServiceContext& context_;
  SliceQueue& slices_;
  Pool<HashOperation>& pool_;
  rpc::UnaryCall* call_ = nullptr;  // null: idle
  base::StoreGeneration generation_;  // of the store that is read
  std::optional<mvcc::HashScan> scan_;
};

}  // namespace etcd
