// core/etcd/cluster_service.h: the service etcdserverpb.Cluster (behaviour reference §7.3).
#pragma once

#include "core/api/cluster.pb.h"
#include "core/etcd/linearizable_read.h"
#include "core/etcd/member_operation.h"
#include "core/etcd/pool.h"
#include "core/etcd/typed_handler.h"

namespace etcd {

MemberChange change_of(const etcdserverpb::MemberAddRequest& request);
MemberChange change_of(const etcdserverpb::MemberRemoveRequest& request);
MemberChange change_of(const etcdserverpb::MemberUpdateRequest& request);
MemberChange change_of(const etcdserverpb::MemberPromoteRequest& request);

class ClusterService {
 public:
  explicit ClusterService(ServiceContext& context)
      : member_list_(context),
        member_add_(context, operations_),
        member_remove_(context, operations_),
        member_update_(context, operations_),
        member_promote_(context, operations_) {}
  void add_to(rpc::Server& server);

 private:
  class MemberListOperation final : private LinearizableRead {
   public:
    MemberListOperation(ServiceContext& context, Pool<MemberListOperation>& pool) : LinearizableRead(context), pool_(pool) {}
    void start(rpc::UnaryCall& call) { wait(call); }

   private:
    void answer(rpc::UnaryCall& call) override;
    void abandoned() override { pool_.give_back(*this); }
    Pool<MemberListOperation>& pool_;
  };

  class MemberList final : public TypedHandler<etcdserverpb::MemberListRequest> {
   public:
    using TypedHandler::TypedHandler;

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::MemberListRequest& request) override;
    Pool<MemberListOperation> operations_;
  };

  // One that changes the membership.
  template <typename Request>
  class Change final : public TypedHandler<Request> {
   public:
    Change(ServiceContext& context, Pool<MemberOperation>& operations) : TypedHandler<Request>(context), operations_(operations) {}

   private:
    void serve(rpc::UnaryCall& call, Request& request) override {
      operations_.take(this->context_, operations_).start(call, change_of(request), AskedBy::client);
    }
    Pool<MemberOperation>& operations_;
  };

  Pool<MemberOperation> operations_;
  MemberList member_list_;
  Change<etcdserverpb::MemberAddRequest> member_add_;
  Change<etcdserverpb::MemberRemoveRequest> member_remove_;
  Change<etcdserverpb::MemberUpdateRequest> member_update_;
  Change<etcdserverpb::MemberPromoteRequest> member_promote_;
};

}  // namespace etcd
