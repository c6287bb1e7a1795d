#include "core/peer/packet.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/codec.h"
#include "core/base/hash.h"
#include "core/base/release.h"
#include "core/peer/message_codec.h"
#include "core/peer/peer.pb.h"

namespace peer {

namespace {

namespace wire = ::lockstep::peer;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr std::uint8_t tag_of(int field, WireFormatLite::WireType type) { return static_cast<std::uint8_t>(field << 3U | type); }
constexpr std::uint8_t kChecksumTag = tag_of(wire::Packet::kChecksumFieldNumber, WireFormatLite::WIRETYPE_FIXED64);
static_assert(wire::Packet::kSnapshotEndFieldNumber < 16, "a tag is one byte");

// What may be cut is a whole, or parts and a last part.
constexpr int kMessage = wire::Packet::kMessageFieldNumber;
constexpr int kPiece = wire::Packet::kPieceFieldNumber;
constexpr int kEnd = wire::Packet::kSnapshotEndFieldNumber;
constexpr int kPart = 1, kLastPart = 2;  // from the whole
static_assert(kMessage + kPart == wire::Packet::kPartFieldNumber && kMessage + kLastPart == wire::Packet::kLastPartFieldNumber);
static_assert(kPiece + kPart == wire::Packet::kPiecePartFieldNumber && kPiece + kLastPart == wire::Packet::kLastPiecePartFieldNumber);
static_assert(kMessage + kLastPart < kPiece && kPiece + kLastPart < kEnd);

constexpr std::size_t kSealBytes = 1 + 8;                // the checksum and its tag
constexpr std::size_t kRoomBytes = kSealBytes + 1 + 10;  // and the tag and the length of the body, at most
constexpr std::size_t kKeptCapacity = 128U << 10U;

std::uint64_t checksum_of(std::string_view bytes, std::uint64_t salt) { return base::hash64(bytes, salt); }

}  // namespace

void PacketWriter::clear() {
  ASSERT(stage_ == Stage::idle);
  if (buffer_.capacity() > kKeptCapacity) base::release(buffer_);
  buffer_.assign(kRoomBytes, '\0');
}

void PacketWriter::begin(const raft::Message& message) {
  clear();
  encode(message, buffer_);
  buffer_ += further_fields_;
  cut(kMessage);
}

void PacketWriter::begin(const SnapshotPiece& piece) {
  ASSERT(!piece.bytes.empty());
  clear();
  buffer_ += piece.bytes;
  cut(kPiece);
}

void PacketWriter::begin(const SnapshotEnd& end) {
  clear();
  wire::SnapshotEnd filled;
  filled.set_pieces(end.pieces);
  filled.set_bytes(end.bytes);
  filled.AppendToString(&buffer_);
  cut(kEnd);
  stage_ = Stage::whole;  // it is small
}

void PacketWriter::cut(int field) {
  message_bytes_ = buffer_.size() - kRoomBytes;
  taken_ = 0;
  field_ = field;
  stage_ = message_bytes_ <= packet_bytes_ ? Stage::whole : Stage::parts;
}

std::string_view PacketWriter::next() {
  switch (stage_) {
    case Stage::idle: return {};
    case Stage::whole: stage_ = Stage::idle; return seal(kRoomBytes, message_bytes_, field_);
    case Stage::parts: break;
  }
  const std::size_t size = std::min(packet_bytes_, message_bytes_ - taken_);
  const std::size_t body = kRoomBytes + taken_;
  taken_ += size;
  const bool is_last = taken_ == message_bytes_;
  if (is_last) stage_ = Stage::idle;
  return seal(body, size, field_ + (is_last ? kLastPart : kPart));
}

std::string_view PacketWriter::keep_alive() {
  ASSERT(stage_ == Stage::idle);
  buffer_.assign(kRoomBytes, '\0');
  return seal(kRoomBytes, 0, 0);
}

// Puts the head of a packet right before its body, over what has been sent already. No field: no body.
std::string_view PacketWriter::seal(std::size_t body, std::size_t size, int field) {
  const std::size_t length_size = field == 0 ? 0 : CodedOutputStream::VarintSize64(size);
  const std::size_t begin = body - length_size - (field == 0 ? 0 : 1) - kSealBytes;
  ASSERT(begin < buffer_.size());
  auto* const bytes = reinterpret_cast<std::uint8_t*>(buffer_.data());
  if (field != 0) {
    bytes[begin + kSealBytes] = tag_of(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    CodedOutputStream::WriteVarint64ToArray(size, bytes + begin + kSealBytes + 1);
  }
  const std::string_view covered = std::string_view(buffer_).substr(begin + kSealBytes, body + size - begin - kSealBytes);
  bytes[begin] = kChecksumTag;
  CodedOutputStream::WriteLittleEndian64ToArray(checksum_of(covered, salt_), bytes + begin + 1);
  return std::string_view(buffer_).substr(begin, body + size - begin);
}

namespace {

base::Result<Content> message_of(std::string_view bytes) {
  base::Result<raft::Message> message = decode(bytes);
  if (!message) return base::fail(message.error());
  return Content(std::move(*message));
}

base::Result<Content> end_of(std::string_view bytes) {
  wire::SnapshotEnd end;
  if (!end.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::fail(base::Code::invalid, "an end of a snapshot that cannot be read");
  }
  return Content(SnapshotEnd{end.pieces(), end.bytes()});
}

}  // namespace

base::Result<Content> PacketReader::read(std::string_view packet) {
  base::ByteReader reader(packet);
  const std::uint8_t seal = reader.u8();
  const std::uint64_t checksum = reader.u64();
  if (!reader.ok() || seal != kChecksumTag) return base::fail(base::Code::invalid, "a packet that does not begin with its checksum");
  std::string_view body = packet.substr(kSealBytes);
  if (checksum_of(body, salt_) != checksum) return base::fail(base::Code::invalid, "a packet whose checksum is wrong");
  if (body.empty()) return Content();

  const auto tag = static_cast<std::uint8_t>(body.front());
  const std::size_t varint_bytes_max = std::min<std::size_t>(body.size() - 1, 10);
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(body.data()) + 1, static_cast<int>(varint_bytes_max));
  std::uint64_t size = 0;
  const bool has_size = input.ReadVarint64(&size);
  body.remove_prefix(1 + static_cast<std::size_t>(input.CurrentPosition()));
  const int field = tag >> 3U;
  const bool is_known = tag == tag_of(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED) && field >= kMessage && field <= kEnd;
  if (!has_size || size != body.size() || !is_known) {
    return base::fail(base::Code::invalid, "a packet that holds something else than one message or a part of one");
  }
  if (body.size() > message_bytes_max_ - std::min(message_bytes_max_, parts_.size())) {
    return base::fail(base::Code::invalid, "a message of more than " + std::to_string(message_bytes_max_) + " bytes");
  }
  const int whole = field < kPiece ? kMessage : field < kEnd ? kPiece : kEnd;
  if (!parts_.empty() && (field == whole || parts_field_ != whole)) {
    return base::fail(base::Code::invalid, "a message in the middle of another");
  }
  if (field == kMessage) return message_of(body);
  if (field == kEnd) return end_of(body);
  if (body.empty()) return base::fail(base::Code::invalid, "an empty part of a message");
  if (field == kPiece) return Content(SnapshotPiece{std::string(body)});
  parts_field_ = whole;
  parts_.append(body);
  if (field == whole + kPart) return Content();
  std::string parts = std::exchange(parts_, std::string());
  if (whole == kPiece) return Content(SnapshotPiece{std::move(parts)});
  return message_of(parts);
}

}  // namespace peer
