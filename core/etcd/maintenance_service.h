// core/etcd/maintenance_service.h: the service etcdserverpb.Maintenance (behaviour reference §8.2). Served yet: Status, HashKV.
#pragma once

#include "core/api/maintenance.pb.h"
#include "core/etcd/hash_operation.h"
#include "core/etcd/typed_handler.h"

namespace etcd {

class MaintenanceService {
 public:
  explicit MaintenanceService(ServiceContext& context) : slices_(context.loop), status_(context), hash_kv_(context, slices_) {}
  void add_to(rpc::Server& server);

 private:
  class Status final : public TypedHandler<etcdserverpb::StatusRequest> {
   public:
    using TypedHandler::TypedHandler;

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::StatusRequest& request) override;
  };

  class HashKv final : public TypedHandler<etcdserverpb::HashKVRequest> {
   public:
    HashKv(ServiceContext& context, SliceQueue& slices) : TypedHandler(context), slices_(slices) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::HashKVRequest& request) override;
    SliceQueue& slices_;
    Pool<HashOperation> operations_;
  };

  SliceQueue slices_;
  Status status_;
  HashKv hash_kv_;
};

}  // namespace etcd
