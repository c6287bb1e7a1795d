// core/etcd/member_list.h: the answer to "who belongs to the cluster?" (behaviour reference §7.3).
#pragma once

#include <string>

#include "core/etcd/state_machine.h"
#include "core/raft/configuration.h"

namespace etcd {

// A serialized etcdserverpb.MemberListResponse, by id: who belongs is the configuration's to say, what a member says of itself is in
// the store. One that has not published itself yet has neither a name nor client URLs. The header carries no revision (§2.6).
std::string member_list(const StateMachine& machine, const raft::Configuration& configuration);

}  // namespace etcd
