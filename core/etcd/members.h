// core/etcd/members.h: the members that have published themselves, and what they have agreed on, as the log has it
// (behaviour reference §7.4).
//
// A row of the bucket `members` is a serialized membershippb.Member; its id is a running number from 1, since member
// ids take all 64 bits. Row 0 is the cluster version, a membershippb.ClusterVersionSetRequest. All of them are in memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/api/membership.pb.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "storage/sqlite/backend.h"

namespace etcd {

class Members {
 public:
  explicit Members(sqlite::Backend& backend) : backend_(backend) {}

  // While the store opens. What is wrong with a row is remembered and told by loaded().
  void on_row(const sqlite::RowView& row);
  base::Status loaded() const { return status_; }

  // Within an entry. A member's first publication brings its peer URLs and its being a learner; later ones
  // change only its name and client URLs, since the rest changes by membership requests alone.
  // Requires: member.id() is not 0.
  void publish(const membershippb::Member& member);

  // Within an entry. Ignored when it is not above the one that is set: two leaders may have proposed.
  // Requires: parse_version() takes its text.
  void set_cluster_version(const membershippb::ClusterVersionSetRequest& request);
  const std::string& cluster_version() const { return cluster_version_.ver(); }  // `major.minor.0`; empty while undecided

  // By id, ascending.
  const std::map<base::MemberId, membershippb::Member>& all() const { return members_; }

 private:
  struct Stored {
    std::uint64_t row = 0;
    base::Hash128 hash;
  };

  sqlite::Backend& backend_;
  std::map<base::MemberId, membershippb::Member> members_;
  std::map<base::MemberId, Stored> rows_;  // invariant: the same keys
  std::uint64_t last_row_ = 0;
  membershippb::ClusterVersionSetRequest cluster_version_;
  base::Hash128 cluster_version_hash_;
  base::Status status_;
};

}  // namespace etcd
