// core/peer on a world: two members of one group on one machine. How they bear faults is tested beside the code.
#include "core/peer/transport.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/peer/test_messages.h"
#include "core/peer/test_snapshots.h"
#include "core/rpc/server.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

struct Ears final : replica::TransportListener {
  void on_message(base::MemberId, raft::Message message) override { heard.push_back(peer::testing::full_text(message)); }
  void on_unreachable(base::MemberId) override { ++lost; }
  void on_snapshot_over(base::MemberId, base::Status status) override { overs.push_back(std::move(status)); }
  std::unique_ptr<replica::SnapshotSink> on_snapshot_offered(base::MemberId, const raft::Snapshot&) override {
    sinks.push_back(std::make_shared<peer::testing::SinkLog>());
    return std::make_unique<peer::testing::TestSink>(world, sink_plan, sinks.back());
  }
  explicit Ears(const io::World& world_) : world(world_) {}
  const io::World world;
  std::vector<std::string> heard;
  int lost = 0;
  std::vector<base::Status> overs;
  std::vector<std::shared_ptr<peer::testing::SinkLog>> sinks;
  peer::testing::TestSink::Plan sink_plan;
};

struct Peer {
  Peer(const io::World& world, const io::Address& address)
      : server(std::make_unique<rpc::Server>(world, peer::server_options({}))),
        transport(std::make_unique<peer::Transport>(world, peer::Options(), *server)), ears(world) {
    const base::Result<io::Address> listening = server->listen(address);
    REQUIRE(listening.has_value());
    port = listening->port;
  }
  void start(std::uint64_t self, const std::map<base::MemberId, std::vector<io::Address>>& members) {
    transport->set_group({base::ClusterId(7), base::MemberId(self)}, members);
    transport->start(ears);
  }
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<peer::Transport> transport;
  Ears ears;
  std::uint16_t port = 0;
};

}  // namespace

TEST_CASE("peers: members talk, and find each other again") {
  const auto world = make_world();
  Peer one(world->member(), world->address(0));
  auto two = std::make_unique<Peer>(world->member(), world->address(0));
  const std::map<base::MemberId, std::vector<io::Address>> members = {{base::MemberId(1), {world->address(one.port)}},
                                                                      {base::MemberId(2), {world->address(two->port)}}};
  one.start(1, members);
  two->start(2, members);
  REQUIRE(world->run_until([&] { return one.transport->active_peer_count() == 1 && two->transport->active_peer_count() == 1; }));

  std::vector<std::string> said;
  const raft::Message large = peer::testing::sample_append(std::string(1'000'000, 'x'));
  for (int i = 0; i < 20; ++i) {
    one.transport->send(base::MemberId(2), large);
    said.push_back(peer::testing::full_text(large));
  }
  REQUIRE(world->run_until([&] { return two->ears.heard.size() == said.size(); }));
  CHECK(two->ears.heard == said);
  said.clear();
  for (const raft::Message& message : peer::testing::sample_messages()) {
    if (peer::lane_of(message) != peer::Lane::control) continue;
    two->transport->send(base::MemberId(1), message);
    said.push_back(peer::testing::full_text(message));
  }
  REQUIRE(world->run_until([&] { return one.ears.heard.size() == said.size(); }));
  CHECK(one.ears.heard == said);
  CHECK_EQ(one.ears.lost + two->ears.lost, 0);

  two.reset();
  REQUIRE(world->run_until([&] { return one.ears.lost > 0 && one.transport->active_peer_count() == 0; }));
  two = std::make_unique<Peer>(world->member(), members.at(base::MemberId(2)).front());
  two->start(2, members);
  REQUIRE(world->run_until([&] { return one.transport->active_peer_count() == 1 && two->transport->active_peer_count() == 1; }));
  one.transport->send(base::MemberId(2), raft::TimeoutNow{base::Term(5)});
  CHECK(world->run_until([&] { return two->ears.heard == std::vector<std::string>{"timeout-now term=5"}; }));
}

TEST_CASE("peers: snapshots go through, at the pace of the sink, and end when a side does") {
  using namespace std::chrono_literals;
  using peer::testing::SourceLog;
  using peer::testing::TestSource;
  const auto world = make_world();
  Peer one(world->member(), world->address(0));
  auto two = std::make_unique<Peer>(world->member(), world->address(0));
  const std::map<base::MemberId, std::vector<io::Address>> members = {{base::MemberId(1), {world->address(one.port)}},
                                                                      {base::MemberId(2), {world->address(two->port)}}};
  one.start(1, members);
  two->start(2, members);
  const raft::Snapshot snapshot{base::Term(9), {base::Term(9), base::LogIndex(1000)}, peer::testing::sample_configuration()};
  const auto send = [&](std::size_t size) {
    auto log = std::make_shared<SourceLog>();
    one.ears.overs.clear();
    one.transport->send_snapshot(base::MemberId(2), snapshot,
                                 std::make_unique<TestSource>(TestSource::Plan{peer::testing::sample_state(size)}, log));
    return log;
  };
  for (const std::size_t size : {0U, 1U, 5'000'001U}) {
    CAPTURE(size);
    const auto source = send(size);
    REQUIRE(world->run_until([&] { return !one.ears.overs.empty(); }));
    CHECK(one.ears.overs.front().has_value());
    CHECK(two->ears.sinks.back()->is_whole);
    CHECK_FALSE(two->ears.sinks.back()->is_alive);
    CHECK(two->ears.sinks.back()->pieces == source->pieces);
    CHECK_EQ(two->ears.sinks.back()->bytes, size);
  }
  // A sink that stands still holds the source still.
  two->ears.sink_plan.take_time = 60s;
  const auto source = send(20'000'000);
  REQUIRE(world->run_until([&] { return two->ears.sinks.size() == 4 && source->bytes + 65'536 > (1U << 20U); }));
  CHECK_LE(source->bytes, 1U << 20U);
  const std::shared_ptr<peer::testing::SinkLog> sink = two->ears.sinks.back();
  two.reset();
  CHECK_FALSE(sink->is_alive);
  CHECK_FALSE(sink->is_end_asked);
  REQUIRE(world->run_until([&] { return !one.ears.overs.empty(); }));
  REQUIRE_FALSE(one.ears.overs.front().has_value());
  CHECK_EQ(one.ears.overs.front().error().code, base::Code::unavailable);
  CHECK_FALSE(source->is_alive);
}

}  // namespace property_tests::worlds
