// core/raft/configuration.h: who belongs to the group.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"

namespace raft {

struct Member {
  base::MemberId id;
  bool is_learner = false;  // receives the log, counts in no quorum (Raft thesis §4.2.1)
  std::string context;      // the tenant's, such as where to reach the member; consensus never reads it
  friend bool operator==(const Member&, const Member&) = default;
};

struct Configuration {
  std::vector<Member> members;  // invariant: sorted by id, without duplicates
  friend bool operator==(const Configuration&, const Configuration&) = default;

  bool is_voter(base::MemberId id) const;
  std::size_t voter_count() const;
};

// The form in the log and in base::LogStart (docs/formats/configuration.md).
std::string encode(const Configuration& configuration);
// damaged: not what encode() writes; invalid: a newer format.
base::Result<Configuration> decode_configuration(std::string_view bytes);

}  // namespace raft
