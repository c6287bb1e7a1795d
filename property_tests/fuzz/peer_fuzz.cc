// What another member sends: refused, or a message that raft may be given.
//
// The first byte chooses: the bytes of one message, or packets of one stream, sealed with the right checksum or as they are.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/assert.h"
#include "core/base/codec.h"
#include "core/base/hash.h"
#include "core/peer/message_codec.h"
#include "core/peer/packet.h"
#include "core/peer/test_messages.h"
#include "property_tests/fuzz/input.h"

namespace {

constexpr std::uint64_t kSalt = 1;
constexpr std::size_t kMessageBytesMax = 2048;

void check_valid(const raft::Message& message) {
  ASSERT(peer::testing::is_valid(message));
  std::string bytes;
  peer::encode(message, bytes);
  const base::Result<raft::Message> again = peer::decode(bytes);
  ASSERT(again.has_value());
  ASSERT(peer::testing::full_text(*again) == peer::testing::full_text(message));
}

void check_message(std::string_view bytes) {
  const base::Result<raft::Message> message = peer::decode(bytes);
  if (message) return check_valid(*message);
  ASSERT(message.error().code == base::Code::invalid);
  ASSERT(!message.error().detail.empty());
}

std::string sealed(std::string_view body) {
  std::string packet;
  base::ByteWriter writer(packet);
  writer.u8(0x09);
  writer.u64(base::hash64(body, kSalt));
  writer.raw(body);
  return packet;
}

void check_packets(fuzz::Input& input) {
  peer::PacketReader reader(kSalt, kMessageBytesMax);
  while (!input.is_empty()) {
    const bool is_raw = input.below(16) == 0;
    const std::string_view body = input.bytes();
    const auto result = reader.read(is_raw ? std::string(body) : sealed(body));
    if (!result) return;
    if (const auto* const message = std::get_if<raft::Message>(&*result)) check_valid(*message);
    if (const auto* const piece = std::get_if<peer::SnapshotPiece>(&*result)) {
      ASSERT(!piece->bytes.empty());
      ASSERT(piece->bytes.size() <= kMessageBytesMax);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  if (input.byte() % 2 == 0) {
    check_message(input.rest());
  } else {
    check_packets(input);
  }
  return 0;
}
