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
constexpr std::uint8_t kMessageTag = tag_of(wire::Packet::kMessageFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr std::uint8_t kPartTag = tag_of(wire::Packet::kPartFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr std::uint8_t kLastPartTag = tag_of(wire::Packet::kLastPartFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
static_assert(wire::Packet::kLastPartFieldNumber < 16, "a tag is one byte");

constexpr std::size_t kSealBytes = 1 + 8;                // the checksum and its tag
constexpr std::size_t kRoomBytes = kSealBytes + 1 + 10;  // and the tag and the length of the body, at most
constexpr std::size_t kKeptCapacity = 64U << 10U;

std::uint64_t checksum_of(std::string_view bytes, std::uint64_t salt) { return base::hash64(bytes, salt); }

}  // namespace

void PacketWriter::begin(const raft::Message& message) {
  ASSERT(stage_ == Stage::idle);
  if (buffer_.capacity() > kKeptCapacity) base::release(buffer_);
  buffer_.assign(kRoomBytes, '\0');
  encode(message, buffer_);
  message_bytes_ = buffer_.size() - kRoomBytes;
  taken_ = 0;
  stage_ = message_bytes_ <= packet_bytes_ ? Stage::whole : Stage::parts;
}

std::string_view PacketWriter::next() {
  if (stage_ == Stage::idle) return {};
  const std::size_t size = std::min(packet_bytes_, message_bytes_ - taken_);
  const std::size_t body = kRoomBytes + taken_;
  taken_ += size;
  const bool is_last = taken_ == message_bytes_;
  const bool is_whole = stage_ == Stage::whole;
  if (is_last) stage_ = Stage::idle;
  if (is_whole) return seal(body, size, wire::Packet::kMessageFieldNumber);
  return seal(body, size, is_last ? wire::Packet::kLastPartFieldNumber : wire::Packet::kPartFieldNumber);
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

base::Result<std::optional<raft::Message>> PacketReader::read(std::string_view packet) {
  base::ByteReader reader(packet);
  const std::uint8_t seal = reader.u8();
  const std::uint64_t checksum = reader.u64();
  if (!reader.ok() || seal != kChecksumTag) return base::fail(base::Code::invalid, "a packet that does not begin with its checksum");
  std::string_view body = packet.substr(kSealBytes);
  if (checksum_of(body, salt_) != checksum) return base::fail(base::Code::invalid, "a packet whose checksum is wrong");
  if (body.empty()) return std::optional<raft::Message>();

  const auto tag = static_cast<std::uint8_t>(body.front());
  const std::size_t varint_bytes_max = std::min<std::size_t>(body.size() - 1, 10);
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(body.data()) + 1, static_cast<int>(varint_bytes_max));
  std::uint64_t size = 0;
  const bool has_size = input.ReadVarint64(&size);
  body.remove_prefix(1 + static_cast<std::size_t>(input.CurrentPosition()));
  if (!has_size || size != body.size() || (tag != kMessageTag && tag != kPartTag && tag != kLastPartTag)) {
    return base::fail(base::Code::invalid, "a packet that holds something else than one message or a part of one");
  }
  if (body.size() > message_bytes_max_ - std::min(message_bytes_max_, parts_.size())) {
    return base::fail(base::Code::invalid, "a message of more than " + std::to_string(message_bytes_max_) + " bytes");
  }
  if (tag == kMessageTag) {
    if (!parts_.empty()) return base::fail(base::Code::invalid, "a message in the middle of another");
    base::Result<raft::Message> message = decode(body);
    if (!message) return base::fail(message.error());
    return std::optional<raft::Message>(std::move(*message));
  }
  if (body.empty()) return base::fail(base::Code::invalid, "an empty part of a message");
  parts_.append(body);
  if (tag == kPartTag) return std::optional<raft::Message>();
  base::Result<raft::Message> message = decode(parts_);
  base::release(parts_);
  if (!message) return base::fail(message.error());
  return std::optional<raft::Message>(std::move(*message));
}

}  // namespace peer
