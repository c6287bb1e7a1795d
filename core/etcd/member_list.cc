#include "core/etcd/member_list.h"

#include <utility>

#include "core/etcd/group.h"

namespace etcd {

google::protobuf::RepeatedPtrField<etcdserverpb::Member> members_of(const StateMachine& machine, const raft::Configuration& configuration) {
  google::protobuf::RepeatedPtrField<etcdserverpb::Member> members;
  for (const raft::Member& one : raft::after_joint(configuration).members) {
    etcdserverpb::Member& member = *members.Add();
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
  return members;
}

void fill_header(const StateMachine& machine, etcdserverpb::ResponseHeader& out) {
  const Header header = machine.header();
  out.set_cluster_id(header.cluster.value());
  out.set_member_id(header.member.value());
  out.set_raft_term(header.term.value());
}

std::string member_list(const StateMachine& machine, const raft::Configuration& configuration) {
  etcdserverpb::MemberListResponse response;
  fill_header(machine, *response.mutable_header());
  *response.mutable_members() = members_of(machine, configuration);
  return response.SerializeAsString();
}

}  // namespace etcd
