#include "core/etcd/txn_operation.h"

#include <string>

#include "core/etcd/txn.h"

namespace etcd {

void answer_txn_now(ServiceContext& context, const etcdserverpb::TxnRequest& request, rpc::UnaryCall& call) {
  std::string response;
  const base::Result<Refusal> refused = run_txn(context.machine.store(), context.machine.leases(), request, context.machine.header(), &response);
  if (refused) return *refused ? call.fail(to_status(**refused)) : call.respond(response);
  call.fail(to_status(ErrorId::stopped));
  context.failure.on_read_failed(refused.error());
}

void TxnOperation::start(rpc::UnaryCall& call, etcdserverpb::TxnRequest& request) {
  request_.Swap(&request);
  wait(call);
}

void TxnOperation::answer(rpc::UnaryCall& call) {
  answer_txn_now(context_, request_, call);
  pool_.give_back(*this);
}

}  // namespace etcd
