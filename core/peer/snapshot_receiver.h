// core/peer/snapshot_receiver.h: a stream that brings a snapshot.
//
//   waiting -> taking -> ending
//
// The first message says which it is, and the listener gives a sink or does not; then come the pieces; the last packet says how many there
// were. The sink takes one piece at a time, and what it has taken is acknowledged, so that the sender goes at its pace. The stream ends ok
// when the sink has all of it durably, and in no other case; whatever else ends it destroys the sink at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/peer/incoming.h"
#include "core/peer/packet.h"
#include "core/replica/snapshot.h"
#include "io/clock.h"
#include "io/completion.h"

namespace peer {

class SnapshotReceiver final : public Incoming, private io::Timer, private io::Completion {
 public:
  SnapshotReceiver(Acceptor& acceptor, rpc::StreamCall& call, const Hello& hello);
  ~SnapshotReceiver() override;

 private:
  enum class Stage : std::uint8_t { waiting, taking, ending };

  void on_message(std::string_view packet) override;
  void on_half_close() override;
  void on_timer() override;
  void complete(base::Status status) override;  // the sink's

  void on_announced(const raft::Message& message);
  void on_piece(SnapshotPiece piece);
  void on_end(const SnapshotEnd& end);
  void go_on();
  void on_sink_failed(const base::Error& error);
  void hold_back();
  void acknowledge();
  void refuse(const std::string& why);

  PacketReader reader_;
  Stage stage_ = Stage::waiting;
  std::uint64_t packets_ = 0;
  base::Instant receipt_at_;
  base::Instant heard_at_;   // the last packet, or when the sink last became idle
  base::EntryId announced_;  // its last entry
  SnapshotEnd arrived_;      // so far
  bool* is_gone_ = nullptr;  // while the listener is asked: set if that destroys this

  std::deque<std::string> pieces_;  // that the sink has not begun to take
  std::size_t queued_bytes_ = 0;    // of these
  std::size_t taking_bytes_ = 0;    // of the one that it is taking
  std::uint64_t taken_bytes_ = 0;
  bool is_held_back_ = false;
  bool is_working_ = false;  // the sink
  std::unique_ptr<replica::SnapshotSink> sink_;
};

}  // namespace peer
