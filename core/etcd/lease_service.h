// core/etcd/lease_service.h: the service etcdserverpb.Lease (behaviour reference §5).
#pragma once

#include <cstdint>

#include "core/api/lease.pb.h"
#include "core/etcd/keep_alive.h"
#include "core/etcd/lease_call.h"
#include "core/etcd/pool.h"
#include "core/etcd/typed_handler.h"
#include "core/etcd/write_operation.h"

namespace etcd {

class LeaseService {
 public:
  explicit LeaseService(LeaseContext& context);
  void add_to(rpc::Server& server);
  // For services of this member that are made of it.
  rpc::UnaryHandler& grant() { return grant_; }

 private:
  class Grant final : public TypedHandler<etcdserverpb::LeaseGrantRequest> {
   public:
    Grant(ServiceContext& context, Pool<WriteOperation>& operations);

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::LeaseGrantRequest& request) override;
    Pool<WriteOperation>& operations_;
    std::uint64_t next_;  // of the ids that are chosen here
  };

  class Revoke final : public TypedHandler<etcdserverpb::LeaseRevokeRequest> {
   public:
    Revoke(ServiceContext& context, Pool<WriteOperation>& operations) : TypedHandler(context), operations_(operations) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::LeaseRevokeRequest& request) override;
    Pool<WriteOperation>& operations_;
  };

  class TimeToLive final : public TypedHandler<etcdserverpb::LeaseTimeToLiveRequest> {
   public:
    explicit TimeToLive(LeaseContext& context) : TypedHandler(context.context), lease_context_(context) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::LeaseTimeToLiveRequest& request) override;
    LeaseContext& lease_context_;
    Pool<LeaseCall> operations_;
  };

  // Those that this member knows of, which may be behind.
  class List final : public TypedHandler<etcdserverpb::LeaseLeasesRequest> {
   public:
    explicit List(LeaseContext& context) : TypedHandler(context.context), lessor_(context.lessor) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::LeaseLeasesRequest& request) override;
    const Lessor& lessor_;
  };

  Pool<WriteOperation> writes_;
  Grant grant_;
  Revoke revoke_;
  KeepAliveHandler keep_alive_;
  TimeToLive time_to_live_;
  List list_;
};

}  // namespace etcd
