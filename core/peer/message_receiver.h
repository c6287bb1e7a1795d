// core/peer/message_receiver.h: a stream of raft messages, on the lanes control and appends.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/time.h"
#include "core/peer/incoming.h"
#include "core/peer/packet.h"
#include "io/clock.h"

namespace peer {

class MessageReceiver final : public Incoming, private io::Timer {
 public:
  MessageReceiver(Acceptor& acceptor, rpc::StreamCall& call, const Hello& hello, Lane lane);
  ~MessageReceiver() override;

 private:
  void on_message(std::string_view packet) override;
  void on_half_close() override;
  void on_timer() override;
  void acknowledge();

  PacketReader reader_;
  std::uint64_t packets_ = 0;
  std::uint64_t receipt_packets_ = 0;  // what the last receipt said
  base::Instant receipt_at_;
};

}  // namespace peer
