// sim/etcd/member_oracle.h: what members say of their group is what the log says.
//
// Each group that a run has had, who with which peer URLs and who learns, stands in the committed log. A list that a member gives is one of
// them, whole: of possibly stale ones any that there has been, of linearizable ones none that was over when it was asked for.
//
// A member may know a change to be certain before anybody has committed it: who decides alone and takes in a second voter, who has to be
// told of by a list before it can run. So a list may be one step ahead, and then that is the next group.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/raft/configuration.h"
#include "sim/committed_log.h"
#include "sim/verdict.h"

namespace sim::etcd {

// Whether two lists name the same members, at the same peer URLs. What a member has published of itself is something else.
bool is_same_group(const etcdserverpb::MemberListResponse& one, const etcdserverpb::MemberListResponse& other);

class MemberOracle final : public CommittedListener {
 public:
  static constexpr std::string_view kName = "member lists";
  MemberOracle(const raft::Configuration& founded, Findings& findings);

  void on_committed(const base::Entry& entry) override;

  // The group as it is. What the question for a list remembers until the answer comes.
  std::size_t now() const { return groups_.size() - 1; }
  void on_linearizable(const etcdserverpb::MemberListResponse& list, std::size_t asked_at);
  void on_stale(const etcdserverpb::MemberListResponse& list) { on_list(list, 0, "a list"); }
  void at_end();

 private:
  struct Listed {
    std::vector<std::string> peer_urls;
    bool is_learner = false;
    friend bool operator==(const Listed&, const Listed&) = default;
  };
  using Group = std::map<base::MemberId, Listed>;
  friend bool is_same_group(const etcdserverpb::MemberListResponse& one, const etcdserverpb::MemberListResponse& other);

  static Group group_of(const etcdserverpb::MemberListResponse& list);
  static Group group_of(const raft::Configuration& configuration);
  static std::string to_text(const Group& group);
  bool is_next(const Group& told) const;
  void on_list(const etcdserverpb::MemberListResponse& list, std::size_t first, std::string_view what);

  Findings& findings_;
  std::vector<Group> groups_;  // in the order of the log; the first is the one that was founded
  std::optional<Group> promised_;  // by a list: the next one
};

}  // namespace sim::etcd
