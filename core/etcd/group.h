// core/etcd/group.h: what the group's configuration says of its members, in etcd's words.
//
// To consensus a member's context is opaque; here it is a serialized membershippb.Member with its peer URLs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/api/membership.pb.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/etcd/ids.h"
#include "core/raft/configuration.h"
#include "io/network.h"

namespace etcd {

// How the group's configuration speaks of a member.
raft::Member configuration_member(base::MemberId id, const std::vector<std::string>& peer_urls, bool is_learner);

// Of those that are there from the start.
raft::Configuration initial_configuration(const InitialIds& ids);

// invalid for a context that holds something else.
base::Result<membershippb::Member> context_of(const raft::Member& member);

// Where a peer URL leads. invalid for what this version cannot reach, such as https.
base::Result<io::Address> peer_address(const std::string& url);

// Where to reach each member but `self`. URLs that lead nowhere are left out: MemberUpdate takes any (behaviour reference §7.3).
using PeerAddresses = std::map<base::MemberId, std::vector<io::Address>>;
PeerAddresses peers_of(const raft::Configuration& configuration, base::MemberId self);

}  // namespace etcd
