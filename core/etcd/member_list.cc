#include "core/etcd/member_list.h"

#include "core/api/cluster.pb.h"
#include "core/etcd/group.h"

namespace etcd {

std::string member_list(const StateMachine& machine, const raft::Configuration& configuration) {
  etcdserverpb::MemberListResponse response;
  const Header header = machine.header();
  response.mutable_header()->set_cluster_id(header.cluster.value());
  response.mutable_header()->set_member_id(header.member.value());
  response.mutable_header()->set_raft_term(header.term.value());
  for (const raft::Member& one : configuration.members) {
    etcdserverpb::Member& member = *response.add_members();
    member.set_id(one.id.value());
    member.set_islearner(one.is_learner);
    if (base::Result<membershippb::Member> context = context_of(one)) {
      *member.mutable_peerurls() = std::move(*context->mutable_raft_attributes()->mutable_peer_urls());
    }
    const auto published = machine.members().all().find(one.id);
    if (published == machine.members().all().end()) continue;
    member.set_name(published->second.member_attributes().name());
    *member.mutable_clienturls() = published->second.member_attributes().client_urls();
  }
  return response.SerializeAsString();
}

}  // namespace etcd
