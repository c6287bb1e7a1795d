#include "core/etcd/cluster_service.h"

#include <algorithm>
#include <utility>

#include "core/etcd/member_list.h"

namespace etcd {

// etcd sorts the URLs of a new member, and of no other (types.NewURLs).
MemberChange change_of(const etcdserverpb::MemberAddRequest& request) {
  std::vector<std::string> urls(request.peerurls().begin(), request.peerurls().end());
  std::sort(urls.begin(), urls.end());
  return {ChangeKind::add, base::MemberId::none, std::move(urls), request.islearner()};
}
MemberChange change_of(const etcdserverpb::MemberRemoveRequest& request) {
  return {ChangeKind::remove, base::MemberId(request.id()), {}, false};
}
MemberChange change_of(const etcdserverpb::MemberUpdateRequest& request) {
  return {ChangeKind::update, base::MemberId(request.id()), {request.peerurls().begin(), request.peerurls().end()}, false};
}
MemberChange change_of(const etcdserverpb::MemberPromoteRequest& request) {
  return {ChangeKind::promote, base::MemberId(request.id()), {}, false};
}

void ClusterService::add_to(rpc::Server& server) {
  server.add_unary("/etcdserverpb.Cluster/MemberList", member_list_);
  server.add_unary("/etcdserverpb.Cluster/MemberAdd", member_add_);
  server.add_unary("/etcdserverpb.Cluster/MemberRemove", member_remove_);
  server.add_unary("/etcdserverpb.Cluster/MemberUpdate", member_update_);
  server.add_unary("/etcdserverpb.Cluster/MemberPromote", member_promote_);
}

void ClusterService::MemberList::serve(rpc::UnaryCall& call, etcdserverpb::MemberListRequest& request) {
  if (!request.linearizable()) return call.respond(member_list(context_.machine, context_.replica.settled_configuration()));
  operations_.take(context_, operations_).start(call);
}

void ClusterService::MemberListOperation::answer(rpc::UnaryCall& call) {
  call.respond(member_list(context_.machine, context_.replica.settled_configuration()));
  pool_.give_back(*this);
}

}  // namespace etcd
