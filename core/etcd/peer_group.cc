#include "core/etcd/peer_group.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace etcd {

namespace {

// Anybody may call and say that it is anybody. A member that is turned away calls again.
constexpr std::size_t kStrangersMax = 16;

void add_missing(std::vector<io::Address>& addresses, const PeerAddresses& more, base::MemberId id) {
  const auto found = more.find(id);
  if (found == more.end()) return;
  for (const io::Address& address : found->second) {
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
}

}  // namespace

void PeerGroup::begin(bool hastens_election) {
  const replica::Replica& replica = member_.replica();
  first_ = peers_of(replica.first_configuration(), replica.identity().member);
  for (const base::MemberId removed : machine_.members().removed()) first_.erase(removed);
  find_known();
  join(hastens_election);
  member_.set_hello_listener(this);
}

void PeerGroup::stop() {
  member_.set_hello_listener(nullptr);
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

void PeerGroup::follow() {
  const PeerAddresses before = known_;
  const std::vector<io::Address> own_before = own_;
  find_known();
  forget_removed();
  if (known_ != before || own_ != own_before) join(false);
}

// What is said last in the log counts, what was said first is tried after it, and then what anybody might have said.
void PeerGroup::find_known() {
  const replica::Replica& replica = member_.replica();
  PeerAddresses group = peers_of(replica.configuration(), base::MemberId::none);
  const PeerAddresses settled = peers_of(replica.settled_configuration(), base::MemberId::none);
  for (auto& [id, addresses] : group) add_missing(addresses, settled, id);
  own_ = group[replica.identity().member];
  group.erase(replica.identity().member);
  for (const auto& [id, addresses] : group) last_[id] = addresses;
  known_ = last_;
  for (const auto& [id, addresses] : first_) known_.try_emplace(id);
  for (auto& [id, addresses] : known_) {
    add_missing(addresses, first_, id);
    add_missing(addresses, said_, id);
  }
}

void PeerGroup::join(bool hastens_election) {
  PeerAddresses members = known_;
  if (!own_.empty()) members[member_.replica().identity().member] = own_;
  member_.join(members, hastens_election);
}

void PeerGroup::hear(const etcdserverpb::MemberListResponse& list) {
  raft::Configuration told;
  for (const etcdserverpb::Member& member : list.members()) {
    const base::MemberId id(member.id());
    if (machine_.members().is_removed(id)) continue;
    told.members.push_back(configuration_member(id, {member.peerurls().begin(), member.peerurls().end()}, member.islearner()));
  }
  const PeerAddresses peers = peers_of(told, member_.replica().identity().member);
  for (const auto& [id, addresses] : peers) add_missing(first_[id], peers, id);
  follow();
}

void PeerGroup::on_addresses_said(base::MemberId from, const std::vector<io::Address>& addresses) {
  if (machine_.members().is_removed(from)) return;
  const auto said = said_.find(from);
  if (said != said_.end() && said->second == addresses) return;
  if (said == said_.end() && known_.count(from) == 0) forget_strangers();
  said_[from] = addresses;
  if (!std::exchange(is_news_due_, true)) world_.loop.at_end_of_turn(*this);
}

void PeerGroup::on_end_of_turn() {
  is_news_due_ = false;
  follow();
}

void PeerGroup::forget_strangers() {
  const PeerAddresses strangers = this->strangers();
  if (strangers.size() < kStrangersMax) return;
  for (const auto& stranger : strangers) said_.erase(stranger.first);
}

PeerAddresses PeerGroup::strangers() const {
  PeerAddresses strangers = said_;
  for (const auto& peer : known_) strangers.erase(peer.first);
  return strangers;
}

PeerAddresses PeerGroup::others() const {
  const replica::Replica& replica = member_.replica();
  return peers_of(replica.configuration(), replica.identity().member);
}

void PeerGroup::forget_removed() {
  const base::Instant now = world_.clock.now();
  std::optional<base::Instant> next;
  for (const base::MemberId removed : machine_.members().removed()) {
    if (known_.count(removed) == 0) continue;
    const base::Instant at = removed_at_.try_emplace(removed, now).first->second;
    if (now - at >= patience_) {
      for (PeerAddresses* const all : {&known_, &last_, &first_, &said_}) all->erase(removed);
      removed_at_.erase(removed);
    } else {
      next = next ? std::min(*next, at + patience_) : at + patience_;
    }
  }
  if (next) world_.clock.arm(*this, *next);
}

}  // namespace etcd
