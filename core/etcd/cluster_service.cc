#include "core/etcd/cluster_service.h"

#include <string>

namespace etcd {

namespace {

// The header carries no revision (behaviour reference §2.6).
std::string member_list(const StateMachine& machine) {
  etcdserverpb::MemberListResponse response;
  const Header header = machine.header();
  response.mutable_header()->set_cluster_id(header.cluster.value());
  response.mutable_header()->set_member_id(header.member.value());
  response.mutable_header()->set_raft_term(header.term.value());
  for (const auto& [id, stored] : machine.members().all()) {
    etcdserverpb::Member& member = *response.add_members();
    member.set_id(id.value());
    member.set_name(stored.member_attributes().name());
    *member.mutable_peerurls() = stored.raft_attributes().peer_urls();
    *member.mutable_clienturls() = stored.member_attributes().client_urls();
    member.set_islearner(stored.raft_attributes().is_learner());
  }
  return response.SerializeAsString();
}

}  // namespace

void ClusterService::add_to(rpc::Server& server) { server.add_unary("/etcdserverpb.Cluster/MemberList", member_list_); }

void ClusterService::MemberList::serve(rpc::UnaryCall& call, etcdserverpb::MemberListRequest& request) {
  if (!request.linearizable()) return call.respond(member_list(context_.machine));
  operations_.take(context_, operations_).start(call);
}

void ClusterService::MemberListOperation::answer(rpc::UnaryCall& call) {
  call.respond(member_list(context_.machine));
  pool_.give_back(*this);
}

}  // namespace etcd
