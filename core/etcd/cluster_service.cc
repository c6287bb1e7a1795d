#include "core/etcd/cluster_service.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/etcd/member_list.h"

namespace etcd {

namespace {

// Without spaces around it, and the scheme in lower case.
std::string tidied(std::string_view url) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const std::size_t first = std::min(url.find_first_not_of(kSpace), url.size());
  std::string out(url.substr(first, url.find_last_not_of(kSpace) + 1 - first));
  for (std::size_t at = 0; at < out.size() && out[at] != ':'; ++at) {
    if (out[at] >= 'A' && out[at] <= 'Z') out[at] = static_cast<char>(out[at] - 'A' + 'a');
  }
  return out;
}

}  // namespace

// etcd tidies and sorts the URLs of a new member, and of no other (types.NewURLs).
MemberChange change_of(const etcdserverpb::MemberAddRequest& request) {
  std::vector<std::string> urls;
  for (const std::string& url : request.peerurls()) urls.push_back(tidied(url));
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
