#include "core/etcd/cluster_service.h"

#include "core/etcd/member_list.h"

namespace etcd {

void ClusterService::add_to(rpc::Server& server) { server.add_unary("/etcdserverpb.Cluster/MemberList", member_list_); }

void ClusterService::MemberList::serve(rpc::UnaryCall& call, etcdserverpb::MemberListRequest& request) {
  if (!request.linearizable()) return call.respond(member_list(context_.machine, context_.replica.configuration()));
  operations_.take(context_, operations_).start(call);
}

void ClusterService::MemberListOperation::answer(rpc::UnaryCall& call) {
  call.respond(member_list(context_.machine, context_.replica.configuration()));
  pool_.give_back(*this);
}

}  // namespace etcd
