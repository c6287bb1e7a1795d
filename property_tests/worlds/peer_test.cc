// core/peer on a world: two members of one group on one machine. How they bear faults is tested beside the code.
#include "core/peer/transport.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/peer/test_messages.h"
#include "core/rpc/server.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

struct Ears final : replica::TransportListener {
  void on_message(base::MemberId, raft::Message message) override { heard.push_back(peer::testing::full_text(message)); }
  void on_unreachable(base::MemberId) override { ++lost; }
  void on_snapshot_over(base::MemberId, base::Status) override {}
  std::unique_ptr<replica::SnapshotSink> on_snapshot_offered(base::MemberId, const raft::Snapshot&) override { return nullptr; }
  std::vector<std::string> heard;
  int lost = 0;
};

struct Peer {
  Peer(const io::World& world, const io::Address& address)
      : server(std::make_unique<rpc::Server>(world, peer::server_options({}))),
        transport(std::make_unique<peer::Transport>(world, peer::Options(), *server)) {
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

}  // namespace property_tests::worlds
