// core/etcd/member_list.h: who belongs to the cluster (behaviour reference §7.3).
#pragma once

#include <string>

#include "core/api/cluster.pb.h"
#include "core/etcd/state_machine.h"
#include "core/raft/configuration.h"

namespace etcd {

// Who belongs is the configuration's to say, or of a joint one where it leads; what a member says of itself is in the store. One that
// has not published itself yet has neither a name nor client URLs. By id.
google::protobuf::RepeatedPtrField<etcdserverpb::Member> members_of(const StateMachine& machine, const raft::Configuration& configuration);

// Of answers about members: it carries no revision (§2.6).
void fill_header(const StateMachine& machine, etcdserverpb::ResponseHeader& header);

// A serialized etcdserverpb.MemberListResponse.
std::string member_list(const StateMachine& machine, const raft::Configuration& configuration);

}  // namespace etcd
