#include "core/peer/snapshot_receiver.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/base/overloaded.h"
#include "core/peer/acceptor.h"

namespace peer {

SnapshotReceiver::SnapshotReceiver(Acceptor& acceptor, rpc::StreamCall& call, const Hello& hello)
    : Incoming(acceptor, call, hello.from, Lane::snapshots),
      reader_(hello.salt(Lane::snapshots), acceptor.options().message_bytes_max),
      heard_at_(acceptor.world().clock.now()) {
  acknowledge();  // nothing: it is let in
  acceptor_.world().clock.arm(*this, receipt_at_ + acceptor_.options().keep_alive_interval);
}

SnapshotReceiver::~SnapshotReceiver() {
  if (is_gone_ != nullptr) *is_gone_ = true;
  acceptor_.world().clock.disarm(*this);
}

// --- what comes -----------------------------------------------------------------------------------------

void SnapshotReceiver::on_message(std::string_view packet) {
  base::Result<Content> read = reader_.read(packet);
  if (!read) return refuse(read.error().detail);
  ++packets_;
  heard_at_ = acceptor_.world().clock.now();
  acceptor_.on_sense(from_);
  std::visit(base::Overloaded{[](std::monostate) {}, [&](const raft::Message& message) { on_announced(message); },
                              [&](SnapshotPiece& piece) { on_piece(std::move(piece)); }, [&](const SnapshotEnd& end) { on_end(end); }},
             *read);
}

void SnapshotReceiver::on_announced(const raft::Message& message) {
  const auto* const snapshot = std::get_if<raft::Snapshot>(&message);
  if (snapshot == nullptr) return refuse("a message on the wrong connection: " + raft::to_text(message));
  if (stage_ != Stage::waiting) return refuse("a snapshot in the middle of another");
  bool is_gone = false;
  is_gone_ = &is_gone;
  std::unique_ptr<replica::SnapshotSink> sink = acceptor_.listener().on_snapshot_offered(from_, *snapshot);
  if (is_gone) return;  // the listener has ended this connection, or everything
  is_gone_ = nullptr;
  if (sink == nullptr) return acceptor_.end(*this, rpc::StatusCode::unavailable, "the member has no use for a snapshot now");
  sink_ = std::move(sink);
  announced_ = snapshot->last;
  stage_ = Stage::taking;
}

void SnapshotReceiver::on_piece(SnapshotPiece piece) {
  if (stage_ != Stage::taking) return refuse("a piece of a snapshot before its beginning, or behind its end");
  ++arrived_.pieces;
  arrived_.bytes += piece.bytes.size();
  queued_bytes_ += piece.bytes.size();
  pieces_.push_back(std::move(piece.bytes));
  go_on();
}

void SnapshotReceiver::on_end(const SnapshotEnd& end) {
  if (stage_ != Stage::taking) return refuse("the end of a snapshot before its beginning, or behind its end");
  if (end != arrived_) return refuse("a snapshot that lacks some of its pieces");
  stage_ = Stage::ending;
  go_on();
}

void SnapshotReceiver::on_half_close() {
  if (stage_ != Stage::ending) refuse("a snapshot without an end");
}

void SnapshotReceiver::refuse(const std::string& why) { acceptor_.end(*this, rpc::StatusCode::invalid_argument, why); }

// --- the sink -------------------------------------------------------------------------------------------

// The sink is called last: that may be the end of this.
void SnapshotReceiver::go_on() {
  hold_back();
  if (is_working_) return;
  if (!pieces_.empty()) {
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    taking_bytes_ = piece.size();
    queued_bytes_ -= piece.size();
    is_working_ = true;
    return sink_->take(std::move(piece), *this);
  }
  if (stage_ != Stage::ending) return;
  is_working_ = true;
  sink_->end(*this);
}

void SnapshotReceiver::complete(base::Status status) {
  ASSERT(is_working_);
  is_working_ = false;
  heard_at_ = acceptor_.world().clock.now();  // it was not waited for meanwhile
  if (!status) return on_sink_failed(status.error());
  if (taking_bytes_ == 0) {  // that was the end
    ASSERT(stage_ == Stage::ending);
    ASSERT(taken_bytes_ == arrived_.bytes);
    sink_.reset();
    return acceptor_.end(*this, rpc::StatusCode::ok, {});
  }
  taken_bytes_ += std::exchange(taking_bytes_, 0);
  acknowledge();
  go_on();
}

void SnapshotReceiver::on_sink_failed(const base::Error& error) {
  acceptor_.world().observer.reached(base::Mark::snapshot_sink_failed);
  sink_.reset();
  const bool is_damaged = error.code == base::Code::damaged;
  if (is_damaged || error.code == base::Code::invalid) {
    acceptor_.world().observer.on_event(io::SnapshotRefused{from_, announced_, error.detail});
  }
  if (error.code == base::Code::invalid) return refuse(error.detail);
  acceptor_.end(*this, is_damaged ? rpc::StatusCode::data_loss : rpc::StatusCode::internal, base::to_text(error));
}

// Who sends more than this member would have under way has to wait.
void SnapshotReceiver::hold_back() {
  const bool is_full = queued_bytes_ >= acceptor_.options().snapshot_window_bytes;
  if (is_full == is_held_back_) return;
  is_held_back_ = is_full;
  call_.pause_receiving(is_full);
}

// --- time -------------------------------------------------------------------------------------------

// Either side watches what it hears. A sink may need long for a piece, and for all that has come at the end; nobody should take that for
// silence.
void SnapshotReceiver::on_timer() {
  const base::Instant now = acceptor_.world().clock.now();
  const Options& options = acceptor_.options();
  if (!is_working_ && now - heard_at_ >= options.snapshot_idle_timeout) {
    acceptor_.world().observer.reached(base::Mark::snapshot_sender_silent);
    return acceptor_.end(*this, rpc::StatusCode::unavailable, "nothing more has come of the snapshot");
  }
  if (now - receipt_at_ >= options.keep_alive_interval) acknowledge();
  acceptor_.world().clock.arm(*this, receipt_at_ + options.keep_alive_interval);
}

void SnapshotReceiver::acknowledge() {
  receipt_at_ = acceptor_.world().clock.now();
  send_receipt(packets_, taken_bytes_);
}

}  // namespace peer
