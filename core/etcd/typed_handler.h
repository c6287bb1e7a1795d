// core/etcd/typed_handler.h: from bytes to a request: the parser, the gates, then the service (behaviour reference §2.1).
#pragma once

#include <string_view>

#include "core/etcd/parse.h"
#include "core/etcd/service_context.h"

namespace etcd {

template <typename Request>
class TypedHandler : public rpc::UnaryHandler {
 public:
  explicit TypedHandler(ServiceContext& context) : context_(context) {}

  void handle(rpc::UnaryCall& call, std::string_view bytes) final {
    if (!parse(request_, bytes)) return call.fail(to_status(ErrorId::unmarshal_failed));
    if (context_.is_learner && !is_for_learners(request_)) return call.fail(to_status(ErrorId::not_supported_for_learner));
    if (const std::optional<ErrorId> refused = check_gates(context_, call)) return call.fail(to_status(*refused));
    serve(call, request_);
  }

 protected:
  ~TypedHandler() = default;
  // Answers, or keeps the call. `request` may be changed, and is another one after this returns.
  virtual void serve(rpc::UnaryCall& call, Request& request) = 0;
  // What a member without a vote answers as well (§7.6).
  virtual bool is_for_learners(const Request& request) const {
    static_cast<void>(request);
    return false;
  }

  ServiceContext& context_;

 private:
  Request request_;  // reused, so that its fields keep their memory
};

}  // namespace etcd
