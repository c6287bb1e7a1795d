// core/etcd/local_handler.h: requests whose operations ask other services of the member (local_call.h).
#pragma once

#include "core/etcd/local_call.h"
#include "core/etcd/pool.h"
#include "core/etcd/typed_handler.h"

namespace etcd {

// Operation: made of a context, the services and its pool; start(call, request) begins it.
template <typename Request, typename Operation>
class LocalHandler final : public TypedHandler<Request> {
 public:
  LocalHandler(ServiceContext& context, const LocalServices& services) : TypedHandler<Request>(context), services_(services) {}

 private:
  void serve(rpc::UnaryCall& call, Request& request) override { operations_.take(this->context_, services_, operations_).start(call, request); }

  const LocalServices& services_;
  Pool<Operation> operations_;
};

}  // namespace etcd
