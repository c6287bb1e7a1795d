#include "core/etcd/range_operation.h"

#include <string>

#include "core/etcd/range.h"

namespace etcd {

void answer_range_now(ServiceContext& context, const etcdserverpb::RangeRequest& request, rpc::UnaryCall& call) {
  std::string response;
  const base::Result<Refusal> refused = append_range(context.machine.store(), request, context.machine.header(), response);
  if (refused) return *refused ? call.fail(to_status(**refused)) : call.respond(response);
  call.fail(to_status(ErrorId::stopped));
  context.failure.on_read_failed(refused.error());
}

void RangeOperation::start(rpc::UnaryCall& call, etcdserverpb::RangeRequest& request) {
  request_.Swap(&request);
  wait(call);
}

void RangeOperation::answer(rpc::UnaryCall& call) {
  answer_range_now(context_, request_, call);
  pool_.give_back(*this);
}

}  // namespace etcd
