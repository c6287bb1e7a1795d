#include "core/etcd/group.h"

#include <utility>

#include "core/base/url.h"

namespace etcd {

raft::Member configuration_member(base::MemberId id, const std::vector<std::string>& peer_urls, bool is_learner) {
  membershippb::Member context;
  context.set_id(id.value());
  for (const std::string& url : peer_urls) context.mutable_raft_attributes()->add_peer_urls(url);
  context.mutable_raft_attributes()->set_is_learner(is_learner);
  return {id, is_learner, context.SerializeAsString()};
}

raft::Configuration initial_configuration(const InitialIds& ids) {
  raft::Configuration configuration;
  for (const auto& member : ids.members) {
    configuration.members.push_back(configuration_member(member.first, member.second.peer_urls, member.second.is_learner));
  }
  return configuration;
}

base::Result<membershippb::Member> context_of(const raft::Member& member) {
  membershippb::Member context;
  if (!context.ParseFromString(member.context) || context.id() != member.id.value()) {
    return base::fail(base::Code::invalid, "the configuration of the group says nothing readable of member " + base::to_text(member.id));
  }
  return context;
}

base::Result<io::Address> peer_address(const std::string& url) {
  const base::Result<base::Url> parsed = base::parse_url(url);
  if (!parsed) return base::fail(parsed.error());
  if (parsed->scheme != "http") {
    return base::fail(base::Code::invalid, "members are reached by http only in this version, not by " + url);
  }
  return io::Address{parsed->host, parsed->port};
}

PeerAddresses peers_of(const raft::Configuration& configuration, base::MemberId self) {
  PeerAddresses peers;
  for (const raft::Member& member : configuration.members) {
    if (member.id == self) continue;
    std::vector<io::Address>& addresses = peers[member.id];
    const base::Result<membershippb::Member> context = context_of(member);
    if (!context) continue;
    for (const std::string& url : context->raft_attributes().peer_urls()) {
      if (base::Result<io::Address> address = peer_address(url)) addresses.push_back(std::move(*address));
    }
  }
  return peers;
}

}  // namespace etcd
