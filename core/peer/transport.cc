#include "core/peer/transport.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

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
  const auto self = members_.find(identity.self);
  own_addresses_ = self == members_.end() ? std::vector<io::Address>() : self->second;
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
    const base::MemberId gone = peer->first;
    if (peer->second.snapshot != nullptr) {
      on_sender_over(gone, base::fail(base::Code::unavailable, "the member is not in the group any more"));
    }
    lost_.erase(std::remove(lost_.begin(), lost_.end(), gone), lost_.end());
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
  overs_.clear();
  lost_.clear();
  world_.loop.forget(*this);
  is_next_turn_asked_ = false;
}

void Transport::dial(base::MemberId id, const std::vector<io::Address>& addresses) {
  Peer& peer = peers_[id];
  if (peer.control != nullptr) {
    for (Outgoing* const connection : {peer.control.get(), peer.appends.get()}) {
      connection->set_own_addresses(own_addresses_);
      connection->set_addresses(addresses);
    }
    return;
  }
  const Hello hello = hello_to(id);
  OutgoingOwner& owner = *this;
  peer.control = std::make_unique<Outgoing>(world_, options_, hello, Lane::control, addresses, owner);
  peer.appends = std::make_unique<Outgoing>(world_, options_, hello, Lane::appends, addresses, owner);
}

Hello Transport::hello_to(base::MemberId id) const {
  return {kProtocolVersion, identity_.cluster, identity_.self, id, own_addresses_};
}

void Transport::send(base::MemberId to, raft::Message message) {
  const auto found = peers_.find(to);
  if (found == peers_.end()) return;
  const Lane lane = lane_of(message);
  ASSERT(lane != Lane::snapshots);
  if (const auto* const reply = std::get_if<raft::AppendReply>(&message)) {
    world_.observer.on_event(io::AppendAnswered{to, reply->term, reply->index, reply->is_accepted});
  }
  (lane == Lane::control ? found->second.control : found->second.appends)->send(message);
}

// --- snapshots ----------------------------------------------------------------------------------------

bool Transport::is_snapshot_on_its_way(base::MemberId to) const {
  const auto found = peers_.find(to);
  if (found != peers_.end() && found->second.snapshot != nullptr) return true;
  return std::any_of(overs_.begin(), overs_.end(), [&](const Over& over) { return over.peer == to; });
}

void Transport::send_snapshot(base::MemberId to, const raft::Snapshot& snapshot, std::unique_ptr<replica::SnapshotSource> source) {
  if (listener_ == nullptr) return;
  ASSERT(!is_snapshot_on_its_way(to));
  const auto found = peers_.find(to);
  const std::vector<io::Address>* const addresses = found == peers_.end() ? nullptr : &members_.at(to);
  if (addresses == nullptr || addresses->empty()) {
    source.reset();
    return on_sender_over(to, base::fail(base::Code::unavailable, "no address of the member is known"));
  }
  SnapshotSenderOwner& owner = *this;
  found->second.snapshot = std::make_unique<SnapshotSender>(world_, options_, hello_to(to), *addresses, snapshot, std::move(source), owner);
}

void Transport::cancel_snapshot(base::MemberId to) {
  if (const auto found = peers_.find(to); found != peers_.end()) found->second.snapshot.reset();
  overs_.erase(std::remove_if(overs_.begin(), overs_.end(), [&](const Over& over) { return over.peer == to; }), overs_.end());
}

void Transport::on_sender_over(base::MemberId peer, base::Status status) {
  if (const auto found = peers_.find(peer); found != peers_.end()) found->second.snapshot.reset();
  overs_.push_back({peer, std::move(status)});
  ask_next_turn();
}

// --- what the listener hears --------------------------------------------------------------------------

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
  if (overs_.size() + lost_.size() > 1) ask_next_turn();
  // The listener comes last: that may be the end of this.
  if (!overs_.empty()) {
    Over over = std::move(overs_.front());
    overs_.pop_front();
    return listener_->on_snapshot_over(over.peer, std::move(over.status));
  }
  if (lost_.empty()) return;  // it has left the group, or was cancelled meanwhile
  const base::MemberId peer = lost_.front();
  lost_.pop_front();
  listener_->on_unreachable(peer);
}

// --- how it stands --------------------------------------------------------------------------------------

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
  if (lane == Lane::snapshots) {
    const auto found = peers_.find(peer);
    return found == peers_.end() || found->second.snapshot == nullptr ? 0 : found->second.snapshot->unsent_bytes();
  }
  const Outgoing* const outgoing = find(peer, lane);
  return outgoing == nullptr ? 0 : outgoing->unsent_bytes();
}

}  // namespace peer
