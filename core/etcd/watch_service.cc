#include "core/etcd/watch_service.h"

namespace etcd {

rpc::StreamReceiver* WatchService::open(rpc::StreamCall& call) {
  const std::optional<ErrorId> refused = context_.is_learner ? std::optional(ErrorId::not_supported_for_learner) : check_gates(context_, call);
  if (refused) {
    call.finish(to_status(*refused));
    return nullptr;
  }
  const std::uint64_t number = ++opened_;
  WatchStreamOwner& owner = *this;
  return streams_.emplace(number, std::make_unique<WatchStream>(context_, hub_, required_leader_, call, number, owner)).first->second.get();
}

}  // namespace etcd
