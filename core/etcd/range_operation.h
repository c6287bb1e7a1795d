// core/etcd/range_operation.h: KV/Range, at once when it is serializable, after a read index otherwise.
#pragma once

#include "core/api/kv.pb.h"
#include "core/etcd/linearizable_read.h"
#include "core/etcd/pool.h"

namespace etcd {

// Answers `call` from the store as it stands. Requires: the request is valid.
void answer_range_now(ServiceContext& context, const etcdserverpb::RangeRequest& request, rpc::UnaryCall& call);

class RangeOperation final : private LinearizableRead {
 public:
  RangeOperation(ServiceContext& context, Pool<RangeOperation>& pool) : LinearizableRead(context), pool_(pool) {}

  // Takes the request over, and returns to the pool once it is answered. Requires: the request is valid.
  void start(rpc::UnaryCall& call, etcdserverpb::RangeRequest& request);

 private:
  void answer(rpc::UnaryCall& call) override;
  void abandoned() override { pool_.give_back(*this); }

  Pool<RangeOperation>& pool_;
  etcdserverpb::RangeRequest request_;
};

}  // namespace etcd
