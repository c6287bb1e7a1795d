// core/raft/configuration.h: who belongs to the group, and who decides.
//
// A joint configuration is two at once: the one that is to come, and the voters of the one that it replaces. Whatever it
// decides needs a majority of each (Raft §6, thesis §4.3). A configuration is in force from the moment at which its entry
// is in the log, committed or not (thesis §4.1).
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
  bool is_outgoing = false;  // a voter of the configuration that a joint one replaces, too
  bool is_leaving = false;   // and of that one alone: goes when the joint one ends
  friend bool operator==(const Member&, const Member&) = default;
};

struct Configuration {
  std::vector<Member> members;  // invariant: sorted by id, without duplicates; is_leaving implies is_outgoing and !is_learner
  friend bool operator==(const Configuration&, const Configuration&) = default;

  const Member* find(base::MemberId id) const;  // null: not of the group
  bool is_voter(base::MemberId id) const;       // of one or the other
  bool is_joint() const;
  std::vector<base::MemberId> voters() const;           // of the one to come
  std::vector<base::MemberId> outgoing_voters() const;  // empty unless joint
  std::size_t voter_count() const { return voters().size(); }
};

// The joint configuration that leads from `from` to `to`; `to` itself when its voters are the same.
// Requires: neither is joint, and `to` has a voter.
Configuration toward(const Configuration& from, const Configuration& to);
// Where a joint configuration leads.
Configuration after_joint(const Configuration& joint);

// The form in the log and in base::LogStart (docs/formats/configuration.md).
std::string encode(const Configuration& configuration);
// damaged: not what encode() writes; invalid: a newer format.
base::Result<Configuration> decode_configuration(std::string_view bytes);

}  // namespace raft
