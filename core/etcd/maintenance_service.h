// core/etcd/maintenance_service.h: the service etcdserverpb.Maintenance (behaviour reference §8.2). Served yet: Status, HashKV, MoveLeader.
#pragma once

#include "core/api/maintenance.pb.h"
#include "core/etcd/hash_operation.h"
#include "core/etcd/move_leader_operation.h"
#include "core/etcd/typed_handler.h"

namespace etcd {

class MaintenanceService {
 public:
  explicit MaintenanceService(ServiceContext& context) : slices_(context.loop), status_(context), hash_kv_(context, slices_), move_leader_(context) {}
  void add_to(rpc::Server& server);

 private:
  class Status final : public TypedHandler<etcdserverpb::StatusRequest> {
   public:
    using TypedHandler::TypedHandler;

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::StatusRequest& request) override;
    bool is_for_learners(const etcdserverpb::StatusRequest& /*request*/) const override { return true; }
  };

  class HashKv final : public TypedHandler<etcdserverpb::HashKVRequest> {
   public:
    HashKv(ServiceContext& context, SliceQueue& slices) : TypedHandler(context), slices_(slices) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::HashKVRequest& request) override;
    SliceQueue& slices_;
    Pool<HashOperation> operations_;
  };

  class MoveLeader final : public TypedHandler<etcdserverpb::MoveLeaderRequest> {
   public:
    using TypedHandler::TypedHandler;

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::MoveLeaderRequest& request) override;
    Pool<MoveLeaderOperation> operations_;
  };

  SliceQueue slices_;
  Status status_;
  HashKv hash_kv_;
  MoveLeader move_leader_;
};

}  // namespace etcd
