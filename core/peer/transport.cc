#include "core/peer/transport.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/assert.h"

namespace peer {

Transport::Transport(const io::World& world, Options options, rpc::Server& server)
    : world_(world), options_(options), acceptor_(world, options_, server) {
  ASSERT(options_.keep_alive_interval < options_.silence_timeout);
  ASSERT(options_.receipt_interval < options_.silence_timeout);
}

Transport::~Transport() { stop(); }

void Transport::set_group(const Identity& identity, const std::map<base::MemberId, std::vector<io::Address>>& members) {
  ASSERT(identity.self != base::MemberId::none);
  ASSERT(identity_.self == base::MemberId::none || (identity.self == identity_.self && identity.cluster == identity_.cluster));
  identity_ = identity;
  members_ = members;
  members_.erase(identity.self);
  std::set<base::MemberId> ids;
  for (const auto& [id, addresses] : members_) ids.insert(id);
  acceptor_.set_members(ids);
  if (listener_ == nullptr) return;
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    if (ids.count(peer->first) > 0) {
      ++peer;
      continue;
    }
    lost_.erase(std::remove(lost_.begin(), lost_.end(), peer->first), lost_.end());
    peer = peers_.erase(peer);
  }
  for (const auto& [id, addresses] : members_) dial(id, addresses);
}

void Transport::start(replica::TransportListener& listener) {
  ASSERT(listener_ == nullptr);
  ASSERT(identity_.self != base::MemberId::none);  // set_group() comes first
  listener_ = &listener;
  acceptor_.open(identity_, listener);
  for (const auto& [id, addresses] : members_) dial(id, addresses);
}

void Transport::stop() {
  listener_ = nullptr;
  acceptor_.close();
  peers_.clear();
  unsent_snapshots_.clear();
  lost_.clear();
  world_.loop.forget(*this);
  is_next_turn_asked_ = false;
}

void Transport::dial(base::MemberId id, const std::vector<io::Address>& addresses) {
  Peer& peer = peers_[id];
  if (peer.control != nullptr) {
    peer.control->set_addresses(addresses);
    return peer.appends->set_addresses(addresses);
  }
  const Hello hello{kProtocolVersion, identity_.cluster, identity_.self, id};
  OutgoingOwner& owner = *this;
  peer.control = std::make_unique<Outgoing>(world_, options_, hello, Lane::control, addresses, owner);
  peer.appends = std::make_unique<Outgoing>(world_, options_, hello, Lane::appends, addresses, owner);
}

void Transport::send(base::MemberId to, raft::Message message) {
  const auto found = peers_.find(to);
  if (found == peers_.end()) return;
  const Lane lane = lane_of(message);
  ASSERT(lane != Lane::snapshots);
  (lane == Lane::control ? found->second.control : found->second.appends)->send(message);
}

// The lane for them is not built yet: whoever needs one does not get it.
void Transport::send_snapshot(base::MemberId to, const raft::Snapshot&, std::unique_ptr<replica::SnapshotSource>) {
  unsent_snapshots_.push_back(to);
  ask_next_turn();
}

void Transport::cancel_snapshot(base::MemberId to) {
  unsent_snapshots_.erase(std::remove(unsent_snapshots_.begin(), unsent_snapshots_.end(), to), unsent_snapshots_.end());
}

void Transport::on_lost(base::MemberId peer) {
  if (std::find(lost_.begin(), lost_.end(), peer) != lost_.end()) return;
  lost_.push_back(peer);
  ask_next_turn();
}

void Transport::ask_next_turn() {
  if (is_next_turn_asked_) return;
  is_next_turn_asked_ = true;
  world_.loop.on_next_turn(*this);
}

void Transport::on_end_of_turn() {
  is_next_turn_asked_ = false;
  if (!unsent_snapshots_.empty()) {
    const base::MemberId peer = unsent_snapshots_.front();
    unsent_snapshots_.pop_front();
    if (!lost_.empty() || !unsent_snapshots_.empty()) ask_next_turn();
    return listener_->on_snapshot_over(peer, base::fail(base::Code::unavailable, "snapshots are not sent yet"));
  }
  if (lost_.empty()) return;  // it has left the group meanwhile
  const base::MemberId peer = lost_.front();
  lost_.pop_front();
  if (!lost_.empty()) ask_next_turn();
  listener_->on_unreachable(peer);  // the last thing done here: it may be the end of this
}

const Outgoing* Transport::find(base::MemberId peer, Lane lane) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || lane == Lane::snapshots) return nullptr;
  return (lane == Lane::control ? found->second.control : found->second.appends).get();
}

std::optional<base::Instant> Transport::active_since(base::MemberId peer) const {
  const Outgoing* const control = find(peer, Lane::control);
  return control == nullptr ? std::nullopt : control->open_since();
}

std::size_t Transport::active_peer_count() const {
  std::size_t count = 0;
  for (const auto& [id, peer] : peers_) count += peer.control->open_since() ? 1 : 0;
  return count;
}

std::size_t Transport::unsent_bytes(base::MemberId peer, Lane lane) const {
  const Outgoing* const outgoing = find(peer, lane);
  return outgoing == nullptr ? 0 : outgoing->unsent_bytes();
}

}  // namespace peer
