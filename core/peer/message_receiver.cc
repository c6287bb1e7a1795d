#include "core/peer/message_receiver.h"

#include <utility>
#include <variant>

#include "core/peer/acceptor.h"

namespace peer {

MessageReceiver::MessageReceiver(Acceptor& acceptor, rpc::StreamCall& call, const Hello& hello, Lane lane)
    : Incoming(acceptor, call, hello.from, lane), reader_(hello.salt(lane), acceptor.options().message_bytes_max) {
  acknowledge();  // nothing: it is let in
}

MessageReceiver::~MessageReceiver() { acceptor_.world().clock.disarm(*this); }

void MessageReceiver::on_message(std::string_view packet) {
  base::Result<Content> read = reader_.read(packet);
  if (!read) return acceptor_.end(*this, rpc::StatusCode::invalid_argument, read.error().detail);
  ++packets_;
  const base::Instant due = receipt_at_ + acceptor_.options().receipt_interval;
  if (acceptor_.world().clock.now() >= due) {
    acknowledge();
  } else if (!is_armed()) {
    acceptor_.world().clock.arm(*this, due);
  }
  acceptor_.on_sense(from_);
  if (std::holds_alternative<std::monostate>(*read)) return;
  auto* const message = std::get_if<raft::Message>(&*read);
  if (message == nullptr) return acceptor_.end(*this, rpc::StatusCode::invalid_argument, "a part of a snapshot on the wrong connection");
  // A snapshot without the state that it speaks of would be the end of this member's log.
  if (lane_of(*message) != lane_) {
    return acceptor_.end(*this, rpc::StatusCode::invalid_argument, "a message on the wrong connection: " + raft::to_text(*message));
  }
  // The last thing done here: the listener may end this connection, or everything.
  acceptor_.listener().on_message(from_, std::move(*message));
}

void MessageReceiver::on_half_close() { acceptor_.end(*this, rpc::StatusCode::ok, {}); }

void MessageReceiver::on_timer() {
  if (packets_ > receipt_packets_) acknowledge();
}

void MessageReceiver::acknowledge() {
  receipt_packets_ = packets_;
  receipt_at_ = acceptor_.world().clock.now();
  send_receipt(packets_, 0);
}

}  // namespace peer
