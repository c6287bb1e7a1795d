#include "sim/etcd/member_oracle.h"

#include <algorithm>

#include "core/etcd/group.h"

namespace sim::etcd {

bool is_same_group(const etcdserverpb::MemberListResponse& one, const etcdserverpb::MemberListResponse& other) {
  return MemberOracle::group_of(one) == MemberOracle::group_of(other);
}

MemberOracle::MemberOracle(const raft::Configuration& founded, Findings& findings) : findings_(findings), groups_{group_of(founded)} {}

void MemberOracle::on_committed(const base::Entry& entry) {
  if (entry.kind != base::EntryKind::configuration) return;
  const base::Result<raft::Configuration> configuration = raft::decode_configuration(entry.bytes());
  if (!configuration) return;  // one that nobody can read is the configurations' to find
  groups_.push_back(group_of(*configuration));
  if (promised_ && *promised_ != groups_.back()) {
    findings_.safety(kName, "a list said that the group is " + to_text(*promised_) + ", and what came of it is " + to_text(groups_.back()));
  }
  promised_.reset();
}

void MemberOracle::at_end() {
  if (promised_) findings_.safety(kName, "a list said that the group is " + to_text(*promised_) + ", and nobody ever committed it");
}

// One member came, went or changed.
bool MemberOracle::is_next(const Group& told) const {
  const Group& last = groups_.back();
  const auto differing = [](const Group& from, const Group& to) {
    return std::count_if(from.begin(), from.end(), [&](const auto& one) {
      const auto found = to.find(one.first);
      return found == to.end() || found->second != one.second;
    });
  };
  return std::max(differing(last, told), differing(told, last)) == 1;
}

void MemberOracle::on_linearizable(const etcdserverpb::MemberListResponse& list, std::size_t asked_at) {
  on_list(list, asked_at, "a linearizable list");
}

void MemberOracle::on_list(const etcdserverpb::MemberListResponse& list, std::size_t first, std::string_view what) {
  const Group told = group_of(list);
  if (std::find(groups_.begin() + static_cast<std::ptrdiff_t>(first), groups_.end(), told) != groups_.end()) return;
  if (promised_ ? told == *promised_ : is_next(told)) {
    promised_ = told;
    return;
  }
  const bool was_once = std::find(groups_.begin(), groups_.end(), told) != groups_.end();
  findings_.safety(kName, std::string(what) + " says that the group is " + to_text(told) +
                              (was_once ? ", which was over before it was asked for: it was " + to_text(groups_[first])
                                        : ", which nobody has committed; the last one is " + to_text(groups_.back())));
}

MemberOracle::Group MemberOracle::group_of(const etcdserverpb::MemberListResponse& list) {
  Group group;
  for (const etcdserverpb::Member& member : list.members()) {
    Listed& listed = group[base::MemberId(member.id())];
    listed.peer_urls.assign(member.peerurls().begin(), member.peerurls().end());
    listed.is_learner = member.islearner();
  }
  return group;
}

MemberOracle::Group MemberOracle::group_of(const raft::Configuration& configuration) {
  Group group;
  // Of a joint one members show where it leads.
  for (const raft::Member& member : configuration.members) {
    if (member.is_leaving) continue;
    Listed& listed = group[member.id];
    listed.is_learner = member.is_learner;
    if (const auto context = ::etcd::context_of(member)) {
      listed.peer_urls.assign(context->raft_attributes().peer_urls().begin(), context->raft_attributes().peer_urls().end());
    }
  }
  return group;
}

std::string MemberOracle::to_text(const Group& group) {
  std::string out;
  for (const auto& [id, listed] : group) {
    out += (out.empty() ? "{" : ", ") + base::to_text(id);
    for (const std::string& url : listed.peer_urls) out += " " + url;
    if (listed.is_learner) out += " learns";
  }
  return out + "}";
}

}  // namespace sim::etcd
