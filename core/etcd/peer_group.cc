#include "core/etcd/peer_group.h"

#include <algorithm>
#include <optional>

namespace etcd {

void PeerGroup::begin(bool hastens_election) {
  const replica::Replica& replica = member_.replica();
  first_ = peers_of(replica.first_configuration(), replica.identity().member);
  for (const base::MemberId removed : machine_.members().removed()) first_.erase(removed);
  learn(first_);
  learn(others());
  member_.join(known_, hastens_election);
}

void PeerGroup::follow() {
  const PeerAddresses before = known_;
  for (const auto& [id, addresses] : first_) known_.try_emplace(id, addresses);
  learn(others());
  forget_removed();
  if (known_ != before) member_.join(known_, false);
}

void PeerGroup::hear(const etcdserverpb::MemberListResponse& list) {
  raft::Configuration told;
  for (const etcdserverpb::Member& member : list.members()) {
    const base::MemberId id(member.id());
    if (machine_.members().is_removed(id)) continue;
    told.members.push_back(configuration_member(id, {member.peerurls().begin(), member.peerurls().end()}, member.islearner()));
  }
  for (const auto& [id, addresses] : peers_of(told, member_.replica().identity().member)) {
    std::vector<io::Address>& first = first_[id];
    for (const io::Address& address : addresses) {
      if (std::find(first.begin(), first.end(), address) == first.end()) first.push_back(address);
    }
  }
  follow();
}

PeerAddresses PeerGroup::others() const {
  const replica::Replica& replica = member_.replica();
  return peers_of(replica.configuration(), replica.identity().member);
}

// What is said last counts, and what was said first is tried after it.
void PeerGroup::learn(const PeerAddresses& peers) {
  for (const auto& [id, addresses] : peers) {
    std::vector<io::Address>& known = known_[id];
    known = addresses;
    const auto first = first_.find(id);
    if (first == first_.end()) continue;
    for (const io::Address& address : first->second) {
      if (std::find(known.begin(), known.end(), address) == known.end()) known.push_back(address);
    }
  }
}

void PeerGroup::forget_removed() {
  const base::Instant now = world_.clock.now();
  std::optional<base::Instant> next;
  for (const base::MemberId removed : machine_.members().removed()) {
    if (known_.count(removed) == 0) continue;
    const base::Instant at = removed_at_.try_emplace(removed, now).first->second;
    if (now - at >= patience_) {
      known_.erase(removed);
      first_.erase(removed);
      removed_at_.erase(removed);
    } else {
      next = next ? std::min(*next, at + patience_) : at + patience_;
    }
  }
  if (next) world_.clock.arm(*this, *next);
}

}  // namespace etcd
