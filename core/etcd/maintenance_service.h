// core/etcd/maintenance_service.h: the service etcdserverpb.Maintenance (behaviour reference §8.2). Served yet: Status.
#pragma once

#include "core/api/maintenance.pb.h"
#include "core/etcd/typed_handler.h"

namespace etcd {

class MaintenanceService {
 public:
  explicit MaintenanceService(ServiceContext& context) : status_(context) {}
  void add_to(rpc::Server& server);

 private:
  class Status final : public TypedHandler<etcdserverpb::StatusRequest> {
   public:
    using TypedHandler::TypedHandler;

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::StatusRequest& request) override;
  };

  Status status_;
};

}  // namespace etcd
