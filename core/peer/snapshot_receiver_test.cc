#include "core/peer/snapshot_receiver.h"

#include "core/peer/test_programs.h"
#include "core/peer/test_snapshots.h"

namespace peer::testing {

namespace {

const Hello kSnapshotHello{kProtocolVersion, kCluster, base::MemberId(2), base::MemberId(1)};

// Calls member 1 in the name of member 2.
struct Giver {
  Giver() : group(2), outside(group.sim.add_node("outside")) {
    group.crash(2, io::sim::CrashKind::process_kill);
    group.recorder(1).on_offer = [this]() {
      sinks.push_back(std::make_shared<SinkLog>());
      return std::make_unique<TestSink>(group.node(1).world(), plan, sinks.back());
    };
  }
  Group group;
  io::sim::Node& outside;
  TestSink::Plan plan;
  std::vector<std::shared_ptr<SinkLog>> sinks;
};

template <typename What>
std::string snapshot_packet(const What& what) {
  PacketWriter writer(kSnapshotHello.salt(Lane::snapshots), 1U << 20U);
  writer.begin(what);
  return std::string(writer.next());
}

const raft::Message kSnapshot = raft::Snapshot{base::Term(9), entry_id(9, 1000), sample_configuration()};

}  // namespace

TEST_CASE("packets that make no snapshot end the stream, and the sink never hears of an end") {
  const std::string begin = snapshot_packet(kSnapshot), piece = snapshot_packet(SnapshotPiece{"some bytes"});
  const std::string end = snapshot_packet(SnapshotEnd{1, 10});
  std::string changed = piece;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  const struct {
    std::vector<std::string> packets;
    std::string_view why;
  } cases[] = {
      {{snapshot_packet(raft::Message(heartbeat(1)))}, "a message on the wrong connection: heartbeat term=1 committed=0 round=1"},
      {{begin, snapshot_packet(raft::Message(heartbeat(1)))}, "a message on the wrong connection: heartbeat term=1 committed=0 round=1"},
      {{piece}, "a piece of a snapshot before its beginning, or behind its end"},
      {{end}, "the end of a snapshot before its beginning, or behind its end"},
      {{begin, begin}, "a snapshot in the middle of another"},
      {{begin, piece, begin}, "a snapshot in the middle of another"},
      {{begin, changed}, "a packet whose checksum is wrong"},
      {{begin, end}, "a snapshot that lacks some of its pieces"},
      {{begin, piece, snapshot_packet(SnapshotEnd{1, 11})}, "a snapshot that lacks some of its pieces"},
      {{begin, piece, snapshot_packet(SnapshotEnd{2, 10})}, "a snapshot that lacks some of its pieces"},
      {{begin, piece, piece, end}, "a snapshot that lacks some of its pieces"},
      {{begin, piece, end, piece}, "a piece of a snapshot before its beginning, or behind its end"},
      {{begin, piece, end, end}, "the end of a snapshot before its beginning, or behind its end"},
      {{begin, piece, end, begin}, "a snapshot in the middle of another"},
      {{begin, piece, "hello"}, "a packet that does not begin with its checksum"},
      {{begin, piece, ""}, "a snapshot without an end"},  // and then nothing
      {{""}, "a snapshot without an end"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.why);
    CAPTURE(c.packets.size());
    Giver giver;
    giver.plan.take_time = 1s;
    Stranger stranger(giver.group, giver.outside, 1);
    stranger.call(Lane::snapshots, metadata_of(kSnapshotHello));
    REQUIRE(stranger.is_let_in());
    for (const std::string& packet : c.packets) {
      if (!packet.empty()) stranger.channel->send(stranger, packet);
      else stranger.channel->half_close(stranger);
    }
    CHECK_EQ(stranger.fate(), rpc::Status{rpc::StatusCode::invalid_argument, std::string(c.why)});
    CHECK_EQ(giver.group.log_count(1, c.why), 1);
    for (const auto& sink : giver.sinks) {
      CHECK_FALSE(sink->is_alive);
      CHECK_FALSE(sink->is_end_asked);
    }
  }
}

TEST_CASE("packets that say nothing do no harm, and a stream may be closed with its end or stay open") {
  for (const bool is_closed : {false, true}) {
    Giver giver;
    Stranger stranger(giver.group, giver.outside, 1);
    stranger.call(Lane::snapshots, metadata_of(kSnapshotHello));
    REQUIRE(stranger.is_let_in());
    PacketWriter writer(kSnapshotHello.salt(Lane::snapshots), 1U << 20U);
    const std::string nothing(writer.keep_alive());
    for (const std::string& packet : {nothing, snapshot_packet(kSnapshot), nothing, snapshot_packet(SnapshotPiece{"some bytes"}), nothing,
                                      snapshot_packet(SnapshotEnd{1, 10}), nothing}) {
      stranger.channel->send(stranger, packet);
    }
    if (is_closed) stranger.channel->half_close(stranger);
    CHECK_EQ(stranger.fate(), rpc::Status{});
    REQUIRE_EQ(giver.sinks.size(), 1);
    CHECK(giver.sinks[0]->is_whole);
    CHECK(giver.sinks[0]->pieces == std::vector<std::string>{"some bytes"});
  }
}

TEST_CASE("it is told when a snapshot is not what it says it is, and not when the disk was at fault") {
  struct Refusals final : io::sim::ObserverListener {
    void on_event(std::string_view, io::sim::VirtualTime, const io::Event& event) override {
      const auto* const refused = std::get_if<io::SnapshotRefused>(&event);
      if (refused != nullptr) told.push_back(base::to_text(refused->from) + " " + base::to_text(refused->last) + " " + std::string(refused->why));
    }
    std::vector<std::string> told;
  };
  for (const base::Code failure : {base::Code::damaged, base::Code::invalid, base::Code::io}) {
    Giver giver;
    Refusals refusals;
    giver.group.node(1).observation().listener = &refusals;
    giver.plan.fails_at_end = true;
    giver.plan.failure = failure;
    Stranger stranger(giver.group, giver.outside, 1);
    stranger.call(Lane::snapshots, metadata_of(kSnapshotHello));
    REQUIRE(stranger.is_let_in());
    for (const std::string& packet : {snapshot_packet(kSnapshot), snapshot_packet(SnapshotEnd{})}) stranger.channel->send(stranger, packet);
    CHECK_NE(stranger.fate().code, rpc::StatusCode::ok);
    const bool is_told = failure != base::Code::io;
    CHECK_EQ(refusals.told, is_told ? std::vector<std::string>{"2 9/1000 the sink failed"} : std::vector<std::string>());
    giver.group.node(1).observation().listener = nullptr;
  }
}

TEST_CASE("who announces a snapshot, or not even that, and then says nothing more is not waited for") {
  for (const bool is_announced : {false, true}) {
    Giver giver;
    Stranger stranger(giver.group, giver.outside, 1);
    stranger.call(Lane::snapshots, metadata_of(kSnapshotHello));
    REQUIRE(stranger.is_let_in());
    if (is_announced) stranger.channel->send(stranger, snapshot_packet(kSnapshot));
    giver.group.sim.run_for(9500ms);
    CHECK_FALSE(stranger.status);
    CHECK_EQ(stranger.receipts, 1 + 9);  // it hears that the member lives, all the same
    CHECK(giver.group.until([&] { return stranger.status.has_value(); }, 3s));
    CHECK_EQ(stranger.fate(), rpc::Status{rpc::StatusCode::unavailable, "nothing more has come of the snapshot"});
    CHECK_EQ(giver.sinks.size(), is_announced ? 1 : 0);
    for (const auto& sink : giver.sinks) CHECK_FALSE(sink->is_alive);
  }
}

TEST_CASE("a newer snapshot of the same sender takes the place of the older one, whose sink is gone first") {
  Giver giver;
  giver.plan.take_time = 600s;
  Stranger first(giver.group, giver.outside, 1), second(giver.group, giver.outside, 1);
  first.call(Lane::snapshots, metadata_of(kSnapshotHello));
  REQUIRE(first.is_let_in());
  first.channel->send(first, snapshot_packet(kSnapshot));
  first.channel->send(first, snapshot_packet(SnapshotPiece{"some bytes"}));
  REQUIRE(giver.group.until([&] { return !giver.sinks.empty() && giver.sinks[0]->bytes > 0; }));
  second.call(Lane::snapshots, metadata_of(kSnapshotHello));
  REQUIRE(second.is_let_in());
  CHECK_FALSE(giver.sinks[0]->is_alive);
  CHECK_EQ(first.fate(), rpc::Status{rpc::StatusCode::aborted, "a newer connection takes its place"});
  giver.plan = {};
  second.channel->send(second, snapshot_packet(kSnapshot));
  second.channel->send(second, snapshot_packet(SnapshotEnd{}));
  CHECK_EQ(second.fate(), rpc::Status{});
  CHECK(giver.sinks.back()->is_whole);
}

TEST_CASE("pieces do not go on the other lanes") {
  Giver giver;
  for (const Lane lane : {Lane::control, Lane::appends}) {
    Stranger stranger(giver.group, giver.outside, 1);
    stranger.call(lane, metadata_of(kSnapshotHello));
    REQUIRE(stranger.is_let_in());
    PacketWriter writer(kSnapshotHello.salt(lane), 1U << 20U);
    writer.begin(SnapshotPiece{"some bytes"});
    stranger.channel->send(stranger, writer.next());
    CHECK_EQ(stranger.fate(), rpc::Status{rpc::StatusCode::invalid_argument, "a part of a snapshot on the wrong connection"});
  }
}

}  // namespace peer::testing
