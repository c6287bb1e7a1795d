// core/etcd/txn_operation.h: a transaction that only reads, at once when it is serializable, after a read index otherwise.
#pragma once

#include "core/api/kv.pb.h"
#include "core/etcd/linearizable_read.h"
#include "core/etcd/pool.h"

namespace etcd {

// Answers `call` from the store as it stands. Requires: the request is valid and read only (txn.h).
void answer_txn_now(ServiceContext& context, const etcdserverpb::TxnRequest& request, rpc::UnaryCall& call);

class TxnOperation final : private LinearizableRead {
 public:
  TxnOperation(ServiceContext& context, Pool<TxnOperation>& pool) : LinearizableRead(context), pool_(pool) {}

  // Takes the request over, and returns to the pool once it is answered. Requires: as answer_txn_now().
  void start(rpc::UnaryCall& call, etcdserverpb::TxnRequest& request);

 private:
  void answer(rpc::UnaryCall& call) override;
  void abandoned() override { pool_.give_back(*this); }

  Pool<TxnOperation>& pool_;
  etcdserverpb::TxnRequest request_;
};

}  // namespace etcd
