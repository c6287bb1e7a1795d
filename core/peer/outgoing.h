// core/peer/outgoing.h: one connection that this member made to another one; everything that is said goes this way only.
//
//   resting -> opening -> open -> resting ...
//
// Resting waits until it is time to dial again. Opening sends already, and does not know yet whether it is let in. Open has a receipt.
// What was queued or under way when a connection breaks is lost, and never sent again on another one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/peer/hello.h"
#include "core/peer/options.h"
#include "core/peer/packet.h"
#include "core/raft/message.h"
#include "core/rpc/client.h"
#include "io/world.h"

namespace peer {

class OutgoingOwner {
 public:
  // Messages to this peer are lost, or may be. Within any call of Outgoing's, so the owner only makes a note.
  virtual void on_lost(base::MemberId peer) = 0;

 protected:
  ~OutgoingOwner() = default;
};

class Outgoing final : private rpc::ClientCall, private io::Timer {
 public:
  // Dials at once, each of the addresses in turn.
  Outgoing(const io::World& world, const Options& options, const Hello& hello, Lane lane, std::vector<io::Address> addresses,
           OutgoingOwner& owner);
  ~Outgoing();

  // Counts from the next time that it dials.
  void set_addresses(std::vector<io::Address> addresses);
  void set_own_addresses(const std::vector<io::Address>& addresses) { hello_.addresses = addresses; }  // likewise
  void send(const raft::Message& message);

  // When the other side let this connection in; nothing: it has not, or the connection is gone.
  std::optional<base::Instant> open_since() const { return stage_ == Stage::open ? std::optional(open_since_) : std::nullopt; }
  std::size_t unsent_bytes() const { return channel_ == nullptr ? 0 : channel_->unsent_bytes(); }

 private:
  enum class Stage : std::uint8_t { resting, opening, open };

  void on_message(std::string_view receipt) override;
  void on_status(const rpc::Status& status) override;
  void on_room() override;
  void on_timer() override;

  void dial();
  void put(std::string_view packet);
  void on_open();
  void end(std::string_view what, const std::string& why, bool is_refused);
  void note_loss();
  void say(std::string_view what, const std::string& why);
  void arm();

  const io::World world_;
  const Options& options_;
  Hello hello_;
  const Lane lane_;
  const std::size_t bytes_max_;
  OutgoingOwner& owner_;
  std::vector<io::Address> addresses_;
  std::size_t next_address_ = 0;
  io::Address address_;  // of this connection, or of the last one

  Stage stage_ = Stage::resting;
  std::uint32_t failures_ = 0;  // in a row
  base::Instant redial_at_;     // resting
  base::Instant open_since_;    // open
  std::unique_ptr<rpc::Channel> channel_;
  PacketWriter writer_;

  // Of this connection.
  std::uint64_t sent_packets_ = 0;
  std::uint64_t received_packets_ = 0;           // by the other side; invariant: <= sent_packets_
  base::Instant last_sent_;
  std::optional<base::Instant> waiting_since_;   // for a receipt; nothing: for none
  bool is_loss_told_ = false;                    // since messages were taken again

  std::set<std::string> said_;  // in the log, since it last worked: the same complaint is made once
};

}  // namespace peer
