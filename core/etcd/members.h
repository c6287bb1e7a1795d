// core/etcd/members.h: the members that have published themselves, as the log has it (behaviour reference §7.4).
//
// A row of the bucket `members` is a serialized membershippb.Member; its id is a running number, since member
// ids take all 64 bits. All of them are in memory.
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
  base::Status status_;
};

}  // namespace etcd
