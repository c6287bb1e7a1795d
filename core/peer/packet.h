// core/peer/packet.h: raft messages cut into gRPC messages, and put together again (peer.proto, Packet; docs/formats/peer.md).
//
// A large message goes in parts, so that the other side sees it coming. Every packet carries a checksum, because TCP's is weak and a
// changed byte must not become a vote. The checksum covers who speaks to whom as well: those words stand elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/raft/message.h"

namespace peer {

class PacketWriter {
 public:
  // `salt` is of the stream (Hello::salt). Requires: packet_bytes > 0.
  PacketWriter(std::uint64_t salt, std::size_t packet_bytes) : salt_(salt), packet_bytes_(packet_bytes) {}

  // Requires: next() has found nothing more.
  void begin(const raft::Message& message);
  // The next packet of that message; empty after the last one. It lives until the next call.
  std::string_view next();
  // Gives up what begin() began.
  void drop() { stage_ = Stage::idle; }
  // The packet that says nothing.
  std::string_view keep_alive();
  // Of the last message that was begun.
  std::size_t message_bytes() const { return message_bytes_; }

 private:
  enum class Stage : std::uint8_t { idle, whole, parts };
  std::string_view seal(std::size_t body, std::size_t size, int field);

  const std::uint64_t salt_;
  const std::size_t packet_bytes_;
  Stage stage_ = Stage::idle;
  std::string buffer_;  // room for what stands before it, then the message
  std::size_t message_bytes_ = 0;
  std::size_t taken_ = 0;  // of the message
};

class PacketReader {
 public:
  // A message of more than `message_bytes_max` bytes is refused, and no more than that is kept of one.
  PacketReader(std::uint64_t salt, std::size_t message_bytes_max) : salt_(salt), message_bytes_max_(message_bytes_max) {}

  // The message that this packet completes, if it does. After an error nothing more can be read.
  base::Result<std::optional<raft::Message>> read(std::string_view packet);

 private:
  const std::uint64_t salt_;
  const std::size_t message_bytes_max_;
  std::string parts_;
};

}  // namespace peer
