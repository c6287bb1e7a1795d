// core/etcd/cluster_service.h: the service etcdserverpb.Cluster (behaviour reference §7.3). Served yet: MemberList.
#pragma once

#include "core/api/cluster.pb.h"
#include "core/etcd/linearizable_read.h"
#include "core/etcd/pool.h"
#include "core/etcd/typed_handler.h"

namespace etcd {

class ClusterService {
 public:
  explicit ClusterService(ServiceContext& context) : member_list_(context) {}
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

  MemberList member_list_;
};

}  // namespace etcd
