// core/peer/transport.h: how the members of one group reach each other: replica::Transport over gRPC.
//
// To each other member this one makes connections of its own, one per lane (hello.h), and only speaks on them; on those that others
// made it only listens. Two of them stand as long as the member belongs to the group, that of a snapshot as long as it takes. Nobody
// waits for a slow peer: what is unsent is bounded, and beyond that it is dropped. Who is silent for too long counts as gone and is
// dialled again.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/peer/acceptor.h"
#include "core/peer/hello.h"
#include "core/peer/options.h"
#include "core/peer/outgoing.h"
#include "core/peer/snapshot_sender.h"
#include "core/replica/transport.h"
#include "core/rpc/server.h"
#include "io/world.h"

namespace peer {

class Transport final : public replica::Transport, private OutgoingOwner, private SnapshotSenderOwner, private io::EndOfTurn {
 public:
  // `server` is the one that the other members call (server_options()), before it listens. It may outlive the transport and then turns
  // everybody away, or go first. The transport may be destroyed at any time, also from within a call of its listener.
  Transport(const io::World& world, Options options, rpc::Server& server);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Who belongs to the group, and at which addresses they are to be dialled. This member may be among them: it tells whom it dials where it
  // is. Before start(), and again when that changes: connections to and from members that stay live on. Requires: the identity stays the
  // same.
  void set_group(const Identity& identity, const std::map<base::MemberId, std::vector<io::Address>>& members);

  // What callers say of themselves; null: nobody wants to hear.
  void set_hello_listener(HelloListener* listener) { acceptor_.set_hello_listener(listener); }

  // Requires: set_group() was called.
  void start(replica::TransportListener& listener) override;
  void send(base::MemberId to, raft::Message message) override;
  void send_snapshot(base::MemberId to, const raft::Snapshot& snapshot, std::unique_ptr<replica::SnapshotSource> source) override;
  void cancel_snapshot(base::MemberId to) override;
  // Everybody's streams end as well, which a server that drains waits for.
  void stop() override;

  // Since when this peer answers: it has let the control connection in, which still stands.
  std::optional<base::Instant> active_since(base::MemberId peer) const;
  std::size_t active_peer_count() const;
  // What waits here for this peer's connection.
  std::size_t unsent_bytes(base::MemberId peer, Lane lane) const;

 private:
  struct Peer {
    std::unique_ptr<Outgoing> control;
    std::unique_ptr<Outgoing> appends;
    std::unique_ptr<SnapshotSender> snapshot;  // null: none is on its way there
  };
  struct Over {
    base::MemberId peer;
    base::Status status;
  };

  void on_lost(base::MemberId peer) override;
  void on_sender_over(base::MemberId peer, base::Status status) override;
  void on_end_of_turn() override;
  void ask_next_turn();
  bool is_snapshot_on_its_way(base::MemberId to) const;
  void dial(base::MemberId id, const std::vector<io::Address>& addresses);
  Hello hello_to(base::MemberId id) const;
  const Outgoing* find(base::MemberId peer, Lane lane) const;

  const io::World world_;
  const Options options_;
  Acceptor acceptor_;
  Identity identity_;
  std::vector<io::Address> own_addresses_;
  std::map<base::MemberId, std::vector<io::Address>> members_;  // the others
  std::map<base::MemberId, Peer> peers_;                        // the same, while started
  replica::TransportListener* listener_ = nullptr;              // null: not started, or stopped
  // What the listener has not heard yet; it hears one thing in a turn.
  std::deque<Over> overs_;           // each peer once, and only if nothing is on its way there
  std::deque<base::MemberId> lost_;  // each once
  bool is_next_turn_asked_ = false;
};

}  // namespace peer
