// core/etcd/ids.h: how members and the cluster get their numbers (behaviour reference §7.1).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/etcd/config.h"

namespace etcd {

// Of a member that is there from the start: its peer URLs, in any order, and the cluster's token. The name is no input.
base::MemberId member_id(std::vector<std::string> peer_urls, std::string_view token);

// Of the members that are there from the start, in any order; it never changes afterwards.
base::ClusterId cluster_id(std::vector<base::MemberId> members);

struct InitialIds {
  base::ClusterId cluster;
  base::MemberId self;
  std::map<base::MemberId, InitialMember> members;  // self too
};
// Requires: validate_bootstrap(config) succeeded.
InitialIds initial_ids(const ServerConfig& config);

}  // namespace etcd
