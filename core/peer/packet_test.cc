#include "core/peer/packet.h"

#include "core/base/codec.h"
#include "core/base/hash.h"
#include "core/peer/hello.h"
#include "core/peer/message_codec.h"
#include "core/peer/peer.pb.h"
#include "core/peer/test_messages.h"
#include "core/peer/test_snapshots.h"
#include "property_tests/property.h"

namespace peer::testing {

namespace {

namespace wire = ::lockstep::peer;

template <typename What>
std::vector<std::string> packets_of(PacketWriter& writer, const What& what) {
  std::vector<std::string> out;
  writer.begin(what);
  for (std::string_view packet = writer.next(); !packet.empty(); packet = writer.next()) out.emplace_back(packet);
  return out;
}

std::string packet_of(const raft::Message& message, std::uint64_t salt = 1) {
  PacketWriter writer(salt, 1U << 20U);
  const std::vector<std::string> packets = packets_of(writer, message);
  REQUIRE_EQ(packets.size(), 1);
  return packets.front();
}

}  // namespace

PROPERTY("messages are put together as they were cut, whatever the size of a packet") {
  property_tests::property("packets", [] {
    const auto packet_bytes = *rc::gen::element<std::size_t>(1, 2, 7, 64, 1000, 1U << 20U);
    PacketWriter writer(5, packet_bytes);
    PacketReader reader(5, 1U << 20U);
    std::vector<raft::Message> messages = sample_messages();
    messages.push_back(sample_append(std::string(*rc::gen::element<std::size_t>(1, 3000), 'x')));
    for (const raft::Message& message : messages) {
      std::optional<raft::Message> read;
      for (const std::string& packet : packets_of(writer, message)) {
        RC_ASSERT(!read.has_value());
        wire::Packet parsed;
        RC_ASSERT(parsed.ParseFromString(packet));
        RC_ASSERT(parsed.SerializeAsString() == packet);
        base::Result<Content> result = reader.read(packet);
        RC_ASSERT(result.has_value());
        if (auto* const whole = std::get_if<raft::Message>(&*result)) read = std::move(*whole);
        else RC_ASSERT(std::holds_alternative<std::monostate>(*result));
      }
      RC_ASSERT(read.has_value());
      RC_ASSERT(full_text(*read) == full_text(message));
      // A packet that says nothing says it at any time.
      base::Result<Content> nothing = reader.read(writer.keep_alive());
      RC_ASSERT(nothing.has_value());
      RC_ASSERT(std::holds_alternative<std::monostate>(*nothing));
    }
  });
}

// docs/formats/peer.md: bytes that are on the wire somewhere must stay readable.
TEST_CASE("packets are written as they always were") {
  const Hello hello{1, base::ClusterId(0xc1), base::MemberId(1), base::MemberId(2)};
  const auto hex_of_packet = [&](const std::string& packet) {
    std::string out;
    for (const char c : packet) {
      const auto byte = static_cast<unsigned char>(c);
      out += "0123456789abcdef"[byte >> 4U];
      out += "0123456789abcdef"[byte & 15U];
    }
    return out;
  };
  const auto hex_of = [&](const raft::Message& message) { return hex_of_packet(packet_of(message, hello.salt(lane_of(message)))); };
  CHECK_EQ(hex_of(raft::Heartbeat{base::Term(3), base::LogIndex(300), raft::Round{7}}), "09a195aeb5bf87639212093207080310ac021807");
  CHECK_EQ(hex_of(sample_append("hello")),
           "09eb7071fd71b7f52712591a5708091204080710641880d0acf30e220910011a0568656c6c6f22020802223810021a340103000000010000000000000002"
           "030000006f6e650200000000000000010000000007000000000000000605000000736576656e");
  PacketWriter writer(hello.salt(Lane::snapshots), 4);
  std::string all;
  for (const std::string& packet : packets_of(writer, SnapshotPiece{"ABCDEFGHIJ"})) all += hex_of_packet(packet) + " ";
  all += hex_of_packet(packets_of(writer, SnapshotPiece{"KLMN"}).front()) + " ";
  all += hex_of_packet(packets_of(writer, SnapshotEnd{2, 300}).front());
  CHECK_EQ(all,
           "094642a19f98abb632320441424344 0995709ac9d0126ea0320445464748 09c81ea312a1edafc83a02494a 09a8355463672771c52a044b4c4d4e "
           "090efb2496e510feb54205080210ac02");
}

TEST_CASE("a message goes whole when it fits, and in parts of the size that was asked for when not") {
  const raft::Message message = sample_append(std::string(10'000, 'x'));
  std::string bytes_of;
  encode(message, bytes_of);
  PacketWriter fits(1, bytes_of.size()), does_not_fit(1, bytes_of.size() - 1), small(1, 1000);
  CHECK_EQ(packets_of(fits, message).size(), 1);
  CHECK_EQ(packets_of(does_not_fit, message).size(), 2);
  const std::vector<std::string> packets = packets_of(small, message);
  CHECK_EQ(packets.size(), bytes_of.size() / 1000 + 1);
  for (const std::string& packet : packets) CHECK_LE(packet.size(), 1020);
  CHECK_EQ(small.message_bytes(), bytes_of.size());
}

TEST_CASE("a packet with any changed byte is refused") {
  const std::string packet = packet_of(sample_append("some bytes"));
  for (std::size_t i = 0; i < packet.size(); ++i) {
    for (const int bit : {1, 2, 128}) {
      CAPTURE(i);
      std::string changed = packet;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      CHECK_FALSE(PacketReader(1, 1000).read(changed).has_value());
    }
    CHECK_FALSE(PacketReader(1, 1000).read(packet.substr(0, i)).has_value());
  }
  CHECK(PacketReader(1, 1000).read(packet).has_value());
}

TEST_CASE("a packet of another stream is refused") {
  const raft::Message message = sample_append("some bytes");
  CHECK_FALSE(PacketReader(2, 1000).read(packet_of(message, 1)).has_value());
  CHECK(PacketReader(2, 1000).read(packet_of(message, 2)).has_value());
}

TEST_CASE("a message above the limit is refused before it is kept") {
  const raft::Message message = sample_append(std::string(10'000, 'x'));
  CHECK_FALSE(PacketReader(1, 9'999).read(packet_of(message)).has_value());
  PacketWriter writer(1, 1000);
  PacketReader reader(1, 5'500);
  std::size_t taken = 0;
  for (const std::string& packet : packets_of(writer, message)) {
    if (!reader.read(packet).has_value()) break;
    ++taken;
  }
  CHECK_EQ(taken, 5);
}

TEST_CASE("packets out of their order, or of no form that is known, are refused") {
  PacketWriter writer(1, 100);
  const std::vector<std::string> parts = packets_of(writer, sample_append(std::string(250, 'x')));
  REQUIRE_GT(parts.size(), 2);
  PacketReader reader(1, 1000);
  CHECK(reader.read(parts[0]).has_value());
  CHECK_FALSE(reader.read(packet_of(raft::TimeoutNow{base::Term(1)})).has_value());
  CHECK_FALSE(PacketReader(1, 1000).read(parts.back()).has_value());  // the end without a beginning
  CHECK_FALSE(PacketReader(1, 1000).read("").has_value());
  PacketReader skipping(1, 1000);
  CHECK(skipping.read(parts[0]).has_value());
  CHECK_FALSE(skipping.read(parts.back()).has_value());
}

TEST_CASE("a message that was given up leaves nothing behind") {
  PacketWriter writer(1, 10);
  writer.begin(sample_append("some bytes"));
  CHECK_FALSE(writer.next().empty());
  writer.drop();
  CHECK(writer.next().empty());
  const std::vector<std::string> packets = packets_of(writer, raft::TimeoutNow{base::Term(1)});
  REQUIRE_EQ(packets.size(), 1);
  CHECK(std::holds_alternative<raft::Message>(*PacketReader(1, 1000).read(packets[0])));
}

PROPERTY("a snapshot is put together as it was cut: the same pieces, and the end that was said") {
  property_tests::property("snapshot packets", [] {
    const auto packet_bytes = *rc::gen::element<std::size_t>(1, 2, 7, 64, 1000, 1U << 20U);
    PacketWriter writer(5, packet_bytes);
    PacketReader reader(5, 1U << 20U);
    const auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::element<std::size_t>(1, 6, 7, 8, 63, 64, 65, 3000));
    const std::string state = sample_state(3000);
    SnapshotEnd end;
    std::vector<Content> read;
    const auto pass_on = [&] {
      for (std::string_view packet = writer.next(); !packet.empty(); packet = writer.next()) {
        wire::Packet parsed;
        RC_ASSERT(parsed.ParseFromArray(packet.data(), static_cast<int>(packet.size())));
        RC_ASSERT(parsed.SerializeAsString() == packet);
        base::Result<Content> result = reader.read(packet);
        RC_ASSERT(result.has_value());
        if (!std::holds_alternative<std::monostate>(*result)) read.push_back(std::move(*result));
      }
    };
    writer.begin(raft::Snapshot{base::Term(9), entry_id(9, 10), sample_configuration()});
    pass_on();
    for (const std::size_t size : sizes) {
      writer.begin(SnapshotPiece{state.substr(0, size)});
      pass_on();
      ++end.pieces;
      end.bytes += size;
    }
    writer.begin(end);
    pass_on();
    RC_ASSERT(read.size() == sizes.size() + 2);
    RC_ASSERT(std::holds_alternative<raft::Message>(read.front()));
    for (std::size_t i = 0; i < sizes.size(); ++i) RC_ASSERT(std::get<SnapshotPiece>(read[i + 1]).bytes == state.substr(0, sizes[i]));
    RC_ASSERT(std::get<SnapshotEnd>(read.back()) == end);
  });
}

TEST_CASE("pieces and messages do not mix") {
  PacketWriter writer(1, 100);
  const SnapshotPiece piece{std::string(250, 'x')};
  const std::vector<std::string> of_piece = packets_of(writer, piece);
  const std::vector<std::string> of_message = packets_of(writer, sample_append(std::string(250, 'x')));
  const std::vector<std::string> of_end = packets_of(writer, SnapshotEnd{1, 250});
  const std::vector<std::string> small = packets_of(writer, SnapshotPiece{"x"});
  REQUIRE_EQ(of_piece.size(), 3);
  REQUIRE_EQ(small.size(), 1);
  for (const std::string& other : {of_message.front(), of_message.back(), of_end.front(), small.front()}) {
    PacketReader reader(1, 1000);
    CHECK(reader.read(of_piece[0]).has_value());
    CHECK_FALSE(reader.read(other).has_value());
  }
  for (const std::string& other : {of_piece.front(), of_piece.back(), of_end.front(), small.front()}) {
    PacketReader reader(1, 1000);
    CHECK(reader.read(of_message[0]).has_value());
    CHECK_FALSE(reader.read(other).has_value());
  }
  // One above the limit is refused before it is kept.
  PacketReader reader(1, 249);
  CHECK(reader.read(of_piece[0]).has_value());
  CHECK(reader.read(of_piece[1]).has_value());
  CHECK_FALSE(reader.read(of_piece[2]).has_value());
}

TEST_CASE("an empty piece, or an end that cannot be read, is refused") {
  const auto sealed = [](std::string_view body) {
    std::string packet;
    base::ByteWriter out(packet);
    out.u8(0x09);
    out.u64(base::hash64(body, 1));
    out.raw(body);
    return packet;
  };
  using namespace std::string_view_literals;
  CHECK(PacketReader(1, 1000).read(sealed("\x2a\x01x"sv)).has_value());
  CHECK_FALSE(PacketReader(1, 1000).read(sealed("\x2a\x00"sv)).has_value());      // piece
  CHECK_FALSE(PacketReader(1, 1000).read(sealed("\x32\x00"sv)).has_value());      // piece_part
  CHECK_FALSE(PacketReader(1, 1000).read(sealed("\x3a\x00"sv)).has_value());      // last_piece_part
  CHECK(PacketReader(1, 1000).read(sealed("\x42\x00"sv)).has_value());            // snapshot_end, of nothing
  CHECK_FALSE(PacketReader(1, 1000).read(sealed("\x42\x01\x08"sv)).has_value());  // half a field
  CHECK_FALSE(PacketReader(1, 1000).read(sealed("\x4a\x01x"sv)).has_value());     // no field that is known
  CHECK_FALSE(PacketReader(1, 1000).read(sealed("\x28\x01"sv)).has_value());      // of another type
}

}  // namespace peer::testing
