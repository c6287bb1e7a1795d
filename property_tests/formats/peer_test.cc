// What members send each other: the words with which a stream begins, and packets of every kind (docs/formats/peer.md).
#include <doctest/doctest.h>

#include <utility>
#include <variant>
#include <vector>

#include "core/base/codec.h"
#include "core/base/hash.h"
#include "core/peer/hello.h"
#include "core/peer/packet.h"
#include "core/peer/peer.pb.h"
#include "property_tests/formats/golden.h"

namespace formats {

namespace {

constexpr std::string_view kPeer = "peer-v1.txt";
constexpr std::size_t kPartBytes = 65536;

std::shared_ptr<const std::string> data(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }
base::EntryId id(std::uint64_t term, std::uint64_t index) { return {base::Term(term), base::LogIndex(index)}; }

peer::Hello hello() {
  return {1, base::ClusterId(0xc1), base::MemberId(0xa), base::MemberId(0xb), {{"127.0.0.1", 2380}, {"::1", 7}}};
}

std::vector<std::pair<std::string, raft::Message>> messages() {
  const base::Term term(9);
  raft::Configuration group;
  group.members = {{base::MemberId(10), false, "x", false, false}, {base::MemberId(11), true, "", false, false}};
  const raft::Append append{term, id(3, 40), {{id(3, 41), base::EntryKind::empty, nullptr}, {id(9, 42), base::EntryKind::command, data("put")},
                                              {id(9, 43), base::EntryKind::configuration, data(raft::encode(group))}},
                            base::LogIndex(41), false};
  return {{"vote_request", raft::VoteRequest{term, false, true, id(8, 7)}},
          {"pre_vote_request", raft::VoteRequest{term, true, false, {}}},
          {"vote_reply", raft::VoteReply{term, true, true}},
          {"append", append},
          {"append_news", raft::Append{term, id(3, 40), {}, base::LogIndex(40), true}},
          {"snapshot", raft::Snapshot{term, id(8, 100), group}},
          {"append_reply", raft::AppendReply{term, true, base::LogIndex(43), {}}},
          {"append_rejected", raft::AppendReply{term, false, base::LogIndex(40), id(2, 30)}},
          {"heartbeat", raft::Heartbeat{term, base::LogIndex(41), {5}}},
          {"heartbeat_reply", raft::HeartbeatReply{term, {5}}},
          {"forwarded_proposal", raft::ForwardedProposal{term, {{base::EntryKind::command, data("put")}, {base::EntryKind::empty, nullptr}}}},
          {"forwarded_read", raft::ForwardedRead{term, {77}}},
          {"read_reply", raft::ReadReply{term, {77}, base::LogIndex(41)}},
          {"timeout_now", raft::TimeoutNow{term}}};
}

template <typename What>
std::string packet_of(peer::Lane lane, const What& what) {
  peer::PacketWriter writer(hello().salt(lane), kPartBytes);
  writer.begin(what);
  std::string packet(writer.next());
  CHECK(writer.next().empty());
  return packet;
}

std::size_t take_varint(std::string_view& bytes) {
  std::size_t value = 0;
  for (unsigned shift = 0; !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::size_t{byte & 0x7fU} << shift;
    if (byte < 0x80) break;
  }
  return value;
}
std::string varint(std::size_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7U) out.push_back(static_cast<char>(value | 0x80U));
  return out + static_cast<char>(value);
}

// A packet of one message, of which a later version says more: a field 1000 in the message and in what it holds.
std::string with_further_field(std::string_view packet, std::uint64_t salt) {
  constexpr std::string_view kField = "\xc0\x3e\x01";
  packet.remove_prefix(9);  // the checksum
  const char packet_tag = packet.front();
  packet.remove_prefix(1);
  const std::size_t message_bytes = take_varint(packet);
  CHECK_EQ(message_bytes, packet.size());
  const char body_tag = packet.front();
  packet.remove_prefix(1);
  const std::size_t body_bytes = take_varint(packet);
  CHECK_EQ(body_bytes, packet.size());
  const std::string body = std::string(packet) + std::string(kField);
  const std::string message = body_tag + varint(body.size()) + body + std::string(kField);
  const std::string covered = packet_tag + varint(message.size()) + message;
  std::string out(1, '\x09');
  base::ByteWriter(out).u64(base::hash64(covered, salt));
  return out + covered;
}

std::string receipt(std::uint64_t packets, std::uint64_t taken_bytes) {
  ::lockstep::peer::Receipt out;
  out.set_packets(packets);
  out.set_taken_bytes(taken_bytes);
  return out.SerializeAsString();
}

}  // namespace

TEST_CASE("what members send each other is version 1 of their protocol") {
  Pieces pieces("docs/formats/peer.md, version 1: metadata, packets and receipts");
  for (const auto& [name, value] : peer::metadata_of(hello())) pieces.add("metadata " + name, value);
  for (const auto& [name, message] : messages()) pieces.add(name, packet_of(peer::lane_of(message), message));
  peer::PacketWriter parts(hello().salt(peer::Lane::snapshots), 8);
  pieces.add("keep_alive", parts.keep_alive());
  parts.begin(peer::SnapshotPiece{"0123456789"});
  pieces.add("piece_part", parts.next());
  pieces.add("last_piece_part", parts.next());
  pieces.add("piece", packet_of(peer::Lane::snapshots, peer::SnapshotPiece{"bytes"}));
  pieces.add("snapshot_end", packet_of(peer::Lane::snapshots, peer::SnapshotEnd{2, 15}));
  pieces.add("receipt_first", receipt(0, 0));
  pieces.add("receipt", receipt(300, 70000));
  check_golden(std::string(kPeer), pieces.text());
}

TEST_CASE("packets of version 1 say today what they said") {
  auto golden = Pieces::read(read_golden(std::string(kPeer)));
  for (const auto& one : messages()) {
    const std::string& name = one.first;
    const raft::Message& message = one.second;
    CAPTURE(name);
    peer::PacketReader reader(hello().salt(peer::lane_of(message)), 1U << 20U);
    base::Result<peer::Content> content = reader.read(golden[name]);
    REQUIRE_MESSAGE(content, content.error().detail);
    const raft::Message* const read = std::get_if<raft::Message>(&*content);
    REQUIRE(read != nullptr);
    CHECK_EQ(raft::to_text(*read), raft::to_text(message));
    CHECK_EQ(packet_of(peer::lane_of(message), *read), golden[name]);  // and nothing was lost
  }
  peer::PacketReader reader(hello().salt(peer::Lane::snapshots), 1U << 20U);
  CHECK(std::holds_alternative<std::monostate>(*reader.read(golden["keep_alive"])));
  CHECK(std::holds_alternative<std::monostate>(*reader.read(golden["piece_part"])));
  const auto whole = reader.read(golden["last_piece_part"]);
  CHECK_EQ(std::get<peer::SnapshotPiece>(*whole).bytes, "0123456789");
  const auto piece = reader.read(golden["piece"]);
  CHECK_EQ(std::get<peer::SnapshotPiece>(*piece).bytes, "bytes");
  const auto end = reader.read(golden["snapshot_end"]);
  const peer::SnapshotEnd two{2, 15};
  CHECK(std::get<peer::SnapshotEnd>(*end) == two);
  ::lockstep::peer::Receipt read;
  REQUIRE(read.ParseFromString(golden["receipt"]));
  CHECK_EQ(read.packets(), 300);
  CHECK_EQ(read.taken_bytes(), 70000);
}

TEST_CASE("what a later member adds to a message of version 1 is skipped, and the rest is what it was") {
  auto golden = Pieces::read(read_golden(std::string(kPeer)));
  for (const auto& one : messages()) {
    const std::string& name = one.first;
    const raft::Message& message = one.second;
    CAPTURE(name);
    const std::uint64_t salt = hello().salt(peer::lane_of(message));
    peer::PacketReader reader(salt, 1U << 20U);
    const base::Result<peer::Content> content = reader.read(with_further_field(golden[name], salt));
    REQUIRE_MESSAGE(content, content.error().detail);
    const raft::Message* const read = std::get_if<raft::Message>(&*content);
    REQUIRE(read != nullptr);
    CHECK_EQ(raft::to_text(*read), raft::to_text(message));
    CHECK_EQ(packet_of(peer::lane_of(message), *read), golden[name]);
  }
}

TEST_CASE("the metadata of version 1 says who calls") {
  rpc::Metadata metadata;
  for (const auto& piece : Pieces::read(read_golden(std::string(kPeer)))) {
    if (piece.first.starts_with("metadata ")) CHECK(metadata.add(piece.first.substr(9), piece.second));
  }
  const base::Result<peer::Hello> read = peer::read_hello(metadata);
  REQUIRE(read);
  CHECK_EQ(read->version, 1);
  CHECK_EQ(read->cluster, hello().cluster);
  CHECK_EQ(read->from, hello().from);
  CHECK_EQ(read->to, hello().to);
  CHECK(read->addresses == hello().addresses);
  CHECK_EQ(read->salt(peer::Lane::appends), hello().salt(peer::Lane::appends));
}

}  // namespace formats
