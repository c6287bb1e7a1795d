// Watches where there are several members: behaviour reference §4.7.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "core/etcd/test_cluster.h"
#include "core/etcd/test_watch.h"

namespace etcd {

using testing::TestCluster;
using testing::TestWatch;
using namespace std::chrono_literals;

TEST_CASE("every member tells its watchers, and goes on when another one leads") {
  TestCluster cluster(3);
  cluster.start();
  std::vector<std::unique_ptr<rpc::Channel>> channels;
  std::vector<std::unique_ptr<TestWatch>> watches;
  for (const auto& member : cluster.members) {
    channels.push_back(std::make_unique<rpc::Channel>(cluster.client.world(), member->config.listen_client[0], rpc::ChannelOptions(), nullptr));
    watches.push_back(std::make_unique<TestWatch>(*channels.back()));
    watches.back()->create("k", "l");
  }
  cluster.sim.run_for(1s);
  const std::size_t first = cluster.leader();
  REQUIRE(cluster.put((first + 1) % 3, "k1", "a").ok());
  cluster.sim.run_for(1s);
  cluster[first].crash(io::sim::CrashKind::process_kill);
  cluster.sim.run_for(5s);
  REQUIRE(cluster.put((first + 1) % 3, "k2", "b").ok());
  cluster.sim.run_for(1s);
  for (std::size_t i = 0; i < watches.size(); ++i) {
    CAPTURE(i);
    if (i == first) {
      REQUIRE(watches[i]->status.has_value());
      CHECK(watches[i]->status->code == rpc::StatusCode::unavailable);
    } else {
      CHECK_EQ(watches[i]->take(), "id=0 rev=1 created\nid=0 rev=2 +k1=a@2\nid=0 rev=3 +k2=b@3\n");
    }
  }
}

TEST_CASE("a stream that demands a leader ends when there has been none for three looks, another one is silent") {
  TestCluster cluster(3);
  cluster.start();
  const std::size_t stays = cluster.leader();
  rpc::Channel channel(cluster.client.world(), cluster[stays].config.listen_client[0], rpc::ChannelOptions(), nullptr);
  rpc::CallOptions demanding;
  demanding.metadata = {{"hasleader", "true"}};
  TestWatch demands(channel, demanding);
  TestWatch bears(channel);
  demands.create("k");
  bears.create("k");
  cluster.sim.run_for(3s);
  CHECK_FALSE(demands.status.has_value());
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != stays) cluster[i].crash(io::sim::CrashKind::process_kill);
  }
  const auto lost = cluster.sim.now();
  REQUIRE(cluster.sim.run_until([&] { return demands.status.has_value(); }, 30s));
  CHECK(cluster.sim.now() - lost > 3s);
  CHECK(cluster.sim.now() - lost < 7s);
  CHECK(demands.status->code == rpc::StatusCode::unavailable);
  CHECK_EQ(demands.status->message, "etcdserver: no leader");
  TestWatch refused(channel, demanding);
  cluster.sim.run_for(1s);
  REQUIRE(refused.status.has_value());
  CHECK_EQ(refused.status->message, "etcdserver: no leader");
  CHECK_FALSE(bears.status.has_value());
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != stays) cluster[i].restart();
  }
  cluster.sim.run_for(5s);
  REQUIRE(cluster.put(stays, "k", "v").ok());
  cluster.sim.run_for(1s);
  CHECK_EQ(bears.take(), "id=0 rev=1 created\nid=0 rev=2 +k=v@2\n");
}

}  // namespace etcd
