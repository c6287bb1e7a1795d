// core/peer/packet.h: raft messages, and what a snapshot consists of, cut into gRPC messages, and put together again (peer.proto,
// Packet; docs/formats/peer.md).
//
// A large message goes in parts, so that the other side sees it coming. Every packet carries a checksum, because TCP's is weak and a
// changed byte must not become a vote. The checksum covers who speaks to whom as well: those words stand elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/result.h"
#include "core/raft/message.h"

namespace peer {

// What follows the message that announces a snapshot.
struct SnapshotPiece {
  std::string bytes;  // never none
};
struct SnapshotEnd {
  std::uint64_t pieces = 0;
  std::uint64_t bytes = 0;  // of all pieces
  friend bool operator==(const SnapshotEnd&, const SnapshotEnd&) = default;
};

// What a packet completes. Nothing: there is more to come, or it only says that somebody is there.
using Content = std::variant<std::monostate, raft::Message, SnapshotPiece, SnapshotEnd>;

class PacketWriter {
 public:
  // `salt` is of the stream (Hello::salt); `further_fields` stand at the end of each message. Requires: packet_bytes > 0.
  PacketWriter(std::uint64_t salt, std::size_t packet_bytes, std::string_view further_fields = {})
      : salt_(salt), packet_bytes_(packet_bytes), further_fields_(further_fields) {}

  // Requires: next() has found nothing more.
  void begin(const raft::Message& message);
  void begin(const SnapshotPiece& piece);
  void begin(const SnapshotEnd& end);
  // The next packet of what was begun; empty after the last one. It lives until the next call.
  std::string_view next();
  // Gives up what begin() began.
  void drop() { stage_ = Stage::idle; }
  // The packet that says nothing.
  std::string_view keep_alive();
  // Of what was begun last.
  std::size_t message_bytes() const { return message_bytes_; }

 private:
  enum class Stage : std::uint8_t { idle, whole, parts };
  void clear();
  void cut(int field);
  std::string_view seal(std::size_t body, std::size_t size, int field);

  const std::uint64_t salt_;
  const std::size_t packet_bytes_;
  const std::string further_fields_;
  Stage stage_ = Stage::idle;
  int field_ = 0;       // of the whole; those of its parts follow it
  std::string buffer_;  // room for what stands before it, then the message
  std::size_t message_bytes_ = 0;
  std::size_t taken_ = 0;  // of the message
};

class PacketReader {
 public:
  // A message or a piece of more than `message_bytes_max` bytes is refused, and no more than that is kept of one.
  PacketReader(std::uint64_t salt, std::size_t message_bytes_max) : salt_(salt), message_bytes_max_(message_bytes_max) {}

  // After an error nothing more can be read.
  base::Result<Content> read(std::string_view packet);

 private:
  const std::uint64_t salt_;
  const std::size_t message_bytes_max_;
  int parts_field_ = 0;  // of the whole that they are parts of
  std::string parts_;
};

}  // namespace peer
