// core/etcd/members.h: the members, what they say of themselves, who was removed, and what all have agreed on, as the log has it
// (behaviour reference §7.4, §7.5).
//
// A row of the bucket `members` is a serialized membershippb.Member; its id is a running number from 1, since member
// ids take all 64 bits. One with nothing but an id was removed, for ever. Row 0 is the cluster version, a membershippb.ClusterVersionSetRequest. All of them are in memory.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "core/api/membership.pb.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/raft/configuration.h"
#include "storage/sqlite/backend.h"

namespace etcd {

class Members {
 public:
  explicit Members(sqlite::Backend& backend) : backend_(backend) {}

  // While the store opens. What is wrong with a row is remembered and told by loaded().
  void on_row(const sqlite::RowView& row);
  base::Status loaded() const { return status_; }

  // Within an entry. A member's first publication brings its peer URLs and its being a learner; later ones
  // change only its name and client URLs, since the rest changes by membership requests alone. One that was removed is not heard.
  // Requires: member.id() is not 0.
  void publish(const membershippb::Member& member);

  // Within an entry: the group is this one from here on. Whoever was known and is not named any more was removed. Requires of the
  // contexts what context_of() does. (A learner of the very first group that never published itself is not known.)
  void follow(const raft::Configuration& configuration);
  bool is_removed(base::MemberId member) const { return removed_.count(member) > 0; }
  const std::set<base::MemberId>& removed() const { return removed_; }

  // Within an entry. Ignored when it is not above the one that is set: two leaders may have proposed.
  // Requires: parse_version() takes its text.
  void set_cluster_version(const membershippb::ClusterVersionSetRequest& request);
  const std::string& cluster_version() const { return cluster_version_.ver(); }  // `major.minor.0`; empty while undecided

  // By id, ascending. One without a name has not published itself yet.
  const std::map<base::MemberId, membershippb::Member>& all() const { return members_; }

 private:
  struct Stored {
    std::uint64_t row = 0;
    base::Hash128 hash;
  };

  void write(base::MemberId id, const membershippb::Member& member);

  sqlite::Backend& backend_;
  std::map<base::MemberId, membershippb::Member> members_;
  std::set<base::MemberId> removed_;
  std::map<base::MemberId, Stored> rows_;  // invariant: the keys of both
  std::uint64_t last_row_ = 0;
  membershippb::ClusterVersionSetRequest cluster_version_;
  base::Hash128 cluster_version_hash_;
  base::Status status_;
};

}  // namespace etcd
