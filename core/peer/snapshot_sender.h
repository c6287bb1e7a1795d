// core/peer/snapshot_sender.h: a snapshot on its way to another member, on a connection of its own.
//
//   opening -> open -> over
//
// Opening tries the addresses in turn until the other side lets it in. Open pulls the source, a piece in a turn, as long as what the other
// side's disk has not taken fits into a window. It is over when the other side says that it has everything, or when anything goes
// wrong: there is no second try. The source is gone as soon as it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/peer/hello.h"
#include "core/peer/options.h"
#include "core/peer/packet.h"
#include "core/replica/snapshot.h"
#include "core/rpc/client.h"
#include "io/world.h"

namespace peer {

class SnapshotSenderOwner {
 public:
  // As TransportListener::on_snapshot_over() says. Never within the constructor. The sender is done, and may be destroyed.
  virtual void on_sender_over(base::MemberId peer, base::Status status) = 0;

 protected:
  ~SnapshotSenderOwner() = default;
};

class SnapshotSender final : private rpc::ClientCall, private io::Timer, private io::EndOfTurn {
 public:
  // Requires: there are addresses.
  SnapshotSender(const io::World& world, const Options& options, const Hello& hello, std::vector<io::Address> addresses,
                 const raft::Snapshot& snapshot, std::unique_ptr<replica::SnapshotSource> source, SnapshotSenderOwner& owner);
  ~SnapshotSender();

  std::size_t unsent_bytes() const { return channel_->unsent_bytes(); }

 private:
  enum class Stage : std::uint8_t { opening, open };

  void on_message(std::string_view receipt) override;
  void on_status(const rpc::Status& status) override;
  void on_timer() override;
  void on_end_of_turn() override;

  void dial();
  void give_up(base::Code code, const std::string& why);
  void over(base::Status status);
  void ask_turn();
  template <typename What>
  void put(const What& what);

  const io::World world_;
  const Options& options_;
  const Hello hello_;
  const std::vector<io::Address> addresses_;
  const raft::Snapshot snapshot_;
  SnapshotSenderOwner& owner_;
  std::unique_ptr<replica::SnapshotSource> source_;  // null: all is read
  std::size_t next_address_ = 0;

  Stage stage_ = Stage::opening;
  std::unique_ptr<rpc::Channel> channel_;
  PacketWriter writer_;
  SnapshotPiece piece_;  // its memory, from piece to piece
  SnapshotEnd sent_;     // so far
  bool is_turn_asked_ = false;

  std::uint64_t sent_packets_ = 0;
  std::uint64_t received_packets_ = 0;  // by the other side; invariant: <= sent_packets_
  std::uint64_t taken_bytes_ = 0;       // by the other side; invariant: <= sent_.bytes
  base::Instant heard_at_;              // the last receipt, or when it dialled
  base::Instant moved_at_;              // the last one that said more than the one before
};

}  // namespace peer
