// core/etcd/watch_service.h: the service etcdserverpb.Watch on a server.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "core/etcd/required_leader.h"
#include "core/etcd/service_context.h"
#include "core/etcd/watch_hub.h"
#include "core/etcd/watch_stream.h"

namespace etcd {

class WatchService final : private rpc::StreamHandler, private WatchStreamOwner {
 public:
  WatchService(ServiceContext& context, RequiredLeader& required_leader) : context_(context), required_leader_(required_leader), hub_(context) {}
  void add_to(rpc::Server& server) {
    rpc::StreamHandler& handler = *this;
    server.add_stream("/etcdserverpb.Watch/Watch", handler);
  }

 private:
  rpc::StreamReceiver* open(rpc::StreamCall& call) override;
  void on_over(std::uint64_t number) override { streams_.erase(number); }

  ServiceContext& context_;
  RequiredLeader& required_leader_;
  WatchHub hub_;
  std::uint64_t opened_ = 0;
  std::map<std::uint64_t, std::unique_ptr<WatchStream>> streams_;  // by number, the open ones
};

}  // namespace etcd
