// core/etcd/member_change.h: a change of the membership, and what speaks against it (behaviour reference §7.3).
//
// All of it is a function of what the leader knows: the same checks, in etcd's order, wherever the request came in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/etcd/errors.h"
#include "core/raft/configuration.h"

namespace etcd {

enum class ChangeKind : std::uint8_t { add = 1, remove = 2, update = 3, promote = 4 };  // the numbers travel between members

struct MemberChange {
  ChangeKind kind = ChangeKind::add;
  base::MemberId id;                   // of add: given by the leader
  std::vector<std::string> peer_urls;  // of add and update
  bool is_learner = false;             // of add
};

// How a member passes a request on to the leader: the kind, then an etcdserverpb.Member.
std::string encode_change(const MemberChange& change);
std::optional<MemberChange> decode_change(std::string_view bytes);

// What the request alone decides: MemberAdd wants URLs that can be read, and the others take any.
std::optional<ErrorId> validate(const MemberChange& change);

// The id of a member that is added at that time (§7.1).
base::MemberId added_member_id(const std::vector<std::string>& peer_urls, base::WallTime at);

// What the leader knows of one member.
struct MemberFacts {
  bool is_started = false;                // has published its name
  bool is_connected = false;              // now; of the leader itself: always
  bool is_healthy = false;                // connected for five seconds; likewise
  std::optional<base::LogIndex> matched;  // how far its log agrees
};

struct GroupFacts {
  raft::Configuration configuration;  // not joint
  base::MemberId self;                // the leader
  std::map<base::MemberId, MemberFacts> members;
  bool is_strict = true;          // --strict-reconfig-check
  std::uint64_t learners_max = 1;  // --max-learners
};

// What of it could cost the cluster its quorum, asked of strict members alone. Every member can tell, also while nobody leads.
std::optional<ErrorId> risk(const MemberChange& change, const GroupFacts& facts);

// nullopt: nothing to object.
std::optional<ErrorId> objection(const MemberChange& change, const GroupFacts& facts);

// The group that it leads to. Requires: objection() had none.
raft::Configuration target_of(const MemberChange& change, const raft::Configuration& configuration);

// The group is as the change wants it. Ids are never given twice, so nothing but this change can have brought a member that it adds.
bool is_done(const MemberChange& change, const raft::Configuration& configuration);

}  // namespace etcd
