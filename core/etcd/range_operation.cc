#include "core/etcd/range_operation.h"

#include <string>

#include "core/etcd/range.h"

namespace etcd {

void answer_range_now(ServiceContext& context, const etcdserverpb::RangeRequest& request, rpc::UnaryCall& call) {
  std::string answer;
  const base::Status read = answer_range(context.machine.store(), request, context.machine.header(), answer);
  if (read) return respond(call, answer);
  call.fail(to_status(ErrorId::stopped));
  context.failure.on_read_failed(read.error());
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
