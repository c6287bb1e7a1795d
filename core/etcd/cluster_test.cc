// A cluster of several members, as its clients and operators see it.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "core/etcd/test_cluster.h"

namespace etcd {

using namespace etcd::testing;
using io::sim::CrashKind;

namespace {
std::size_t other_than(std::size_t leader) { return leader == 0 ? 1 : 0; }
Answer<etcdserverpb::MoveLeaderResponse> move_leader(TestCluster& cluster, std::size_t at, std::uint64_t to) {
  etcdserverpb::MoveLeaderRequest request;
  request.set_targetid(to);
  return cluster.call<etcdserverpb::MoveLeaderResponse>(at, "/etcdserverpb.Maintenance/MoveLeader", request);
}
}  // namespace

TEST_CASE("three members elect a leader, and any of them takes writes and reads") {
  TestCluster cluster(3);
  cluster.start();
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    const auto put = cluster.put(i, "k", "v" + std::to_string(i));
    REQUIRE_MESSAGE(put.ok(), put.status.message);
    for (std::size_t j = 0; j < 3; ++j) CHECK_EQ(cluster.get(j, "k"), "v" + std::to_string(i));
  }
  CHECK_EQ(cluster.status(0).leader(), cluster.status(1).leader());
  CHECK_EQ(cluster.status(0).leader(), cluster.status(2).leader());
}

TEST_CASE("the ids are etcd's, and every member lists all of them") {
  TestCluster cluster(3);
  cluster.start();
  std::string first;
  for (std::size_t i = 0; i < 3; ++i) {
    etcdserverpb::MemberListRequest request;
    request.set_linearizable(true);
    auto list = cluster.call<etcdserverpb::MemberListResponse>(i, "/etcdserverpb.Cluster/MemberList", request);
    REQUIRE(list.ok());
    REQUIRE_EQ(list.body.members_size(), 3);
    for (const etcdserverpb::Member& member : list.body.members()) {
      CHECK_EQ(member.peerurls_size(), 1);
      CHECK_FALSE(member.islearner());
    }
    list.body.clear_header();
    if (first.empty()) first = list.body.ShortDebugString();
    CHECK_EQ(list.body.ShortDebugString(), first);
  }
}

TEST_CASE("when the leader dies another is elected, and nothing acknowledged is lost") {
  TestCluster cluster(3);
  cluster.start();
  const std::size_t first = cluster.leader();
  REQUIRE(cluster.put(first, "k", "kept").ok());
  cluster[first].crash(CrashKind::power_loss);
  cluster.sim.run_for(3s);
  const std::size_t second = cluster.leader();
  CHECK_NE(second, first);
  CHECK_EQ(cluster.get(second, "k"), "kept");
  REQUIRE(cluster.put(second, "k", "newer").ok());
  cluster[first].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster[first].ready; }, 10s));
  CHECK_EQ(cluster.get(first, "k"), "newer");
}

TEST_CASE("a minority serves stale reads alone, and says so to the others") {
  TestCluster cluster(3);
  cluster.start();
  const std::size_t leader = cluster.leader();
  const std::size_t alone = other_than(leader);
  REQUIRE(cluster.put(leader, "k", "old").ok());
  REQUIRE(cluster.sim.run_until([&] { return cluster.get(alone, "k") == "old"; }, 5s));
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != alone) cluster.sim.network().cut(cluster[alone].node.host(), cluster[i].node.host());
    if (i != alone) cluster.sim.network().cut(cluster[i].node.host(), cluster[alone].node.host());
  }
  REQUIRE(cluster.put(leader, "k", "new").ok());
  cluster.sim.run_for(3s);
  CHECK_EQ(cluster.get(alone, "k", true), "old");
  CHECK_EQ(cluster.get(alone, "k"), "etcdserver: request timed out");
  CHECK_EQ(cluster.put(alone, "k", "lost").status.message, "context deadline exceeded");
  cluster.sim.heal();
  cluster.sim.run_for(3s);
  CHECK_EQ(cluster.get(alone, "k"), "new");
  cluster.sim.run_for(5s);
  CHECK_EQ(cluster.get(alone, "k"), "new");  // what nobody waited for any more was not proposed after all
}

TEST_CASE("a leader whose disk hangs does not lead for long") {
  TestCluster cluster(3);
  cluster.start();
  const std::size_t leader = cluster.leader();
  const std::size_t other = other_than(leader);
  cluster[leader].node.disk_faults().hung_per_million = 1'000'000;
  cluster[leader].node.disk_faults().hung = {600s, 601s};
  static_cast<void>(cluster.put(other, "k", "v"));  // the write that hangs
  cluster.sim.run_for(3s);
  CHECK(cluster[leader].has_logged("handing leadership over"));
  CHECK_NE(cluster.leader(), leader);
  CHECK(cluster.put(other, "k", "w").ok());
}

TEST_CASE("leadership moves on request, and only the leader can be asked") {
  TestCluster cluster(3);
  cluster.start();
  const std::size_t leader = cluster.leader();
  const std::size_t next = other_than(leader);
  CHECK_EQ(move_leader(cluster, next, cluster.id(next)).status.message, "etcdserver: not leader");
  CHECK_EQ(move_leader(cluster, leader, 4711).status.message, "etcdserver: bad leader transferee");
  CHECK(move_leader(cluster, leader, cluster.id(leader)).ok());
  const base::Instant before = cluster.client.world().clock.now();
  const auto moved = move_leader(cluster, leader, cluster.id(next));
  REQUIRE_MESSAGE(moved.ok(), moved.status.message);
  CHECK(cluster.client.world().clock.now() - before < 500ms);  // nobody had to wait for an election timeout
  CHECK_EQ(cluster.leader(), next);
  CHECK(cluster.put(leader, "k", "v").ok());
}

TEST_CASE("a leader that is stopped hands over before it goes") {
  TestCluster cluster(3);
  cluster.start();
  const std::size_t leader = cluster.leader();
  cluster[leader].stop();
  REQUIRE(cluster.sim.run_until([&] { return cluster[leader].stopped; }, 10s));
  cluster[leader].server.reset();
  const std::size_t other = other_than(leader);
  CHECK_NE(cluster.status(other).leader(), 0);
  CHECK(cluster.put(other, "k", "v").ok());
}

// Appends have a connection of their own: a megabyte on its way does not stand before a heartbeat.
TEST_CASE("a hundred megabytes over a link of one megabyte per second cause no election") {
  constexpr int kMegabytes = 100;
  TestCluster cluster(3);
  cluster.start();
  const std::size_t leader = cluster.leader();
  const std::size_t slow = other_than(leader);
  for (const auto& [from, to] : {std::pair(leader, slow), std::pair(slow, leader)}) {
    cluster.sim.network().link(cluster[from].node.host(), cluster[to].node.host()).faults.bytes_per_second = 1'000'000;
  }
  const std::uint64_t term = cluster.status(leader).header().raft_term();
  const base::Instant before = cluster.client.world().clock.now();
  for (int i = 0; i < kMegabytes; ++i) REQUIRE(cluster.put(leader, "k" + std::to_string(i % 4), std::string(1'000'000, 'v')).ok());
  REQUIRE(cluster.put(leader, "last", "arrived").ok());
  for (int seconds = 0; seconds < 200 && cluster.get(slow, "last", true) != "arrived"; ++seconds) {
    cluster.sim.run_for(1s);
  }
  CHECK_EQ(cluster.get(slow, "last", true), "arrived");
  CHECK(cluster.client.world().clock.now() - before > 95s);
  for (std::size_t i = 0; i < 3; ++i) CHECK_EQ(cluster.status(i).header().raft_term(), term);
  CHECK_EQ(cluster.leader(), leader);
}

// Its followers forward to it until they hear of the next leader, and a proposal that gets lost is one that waits out its time.
TEST_CASE("writes at the others do not notice that their leader is stopped") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    TestCluster cluster(3, seed);
    cluster.start();
    const std::size_t leader = cluster.leader();
    const std::size_t other = other_than(leader);
    REQUIRE(cluster.put(other, "k", "v").ok());
    cluster[leader].stop();
    for (int i = 0; i < 400; ++i) {
      const base::Instant before = cluster.client.world().clock.now();
      const auto put = cluster.put(other, "k", std::to_string(i));
      REQUIRE_MESSAGE(put.ok(), put.status.message);
      CHECK(cluster.client.world().clock.now() - before < 300ms);
    }
    CHECK(cluster[leader].stopped);
    cluster[leader].server.reset();
  }
}

TEST_CASE("the leader raises the cluster version once it knows all members") {
  TestCluster cluster(3);
  cluster[0].start();
  cluster[1].start();
  REQUIRE(cluster.sim.run_until([&] { return cluster.all_ready(); }, 30s));
  cluster.sim.run_for(5s);
  const std::size_t leader = cluster.leader();
  CHECK(cluster[leader].has_logged("set cluster version cluster-version=3.0.0"));
  CHECK_FALSE(cluster[leader].has_logged("cluster-version=3.7.0"));
  cluster[2].start();
  REQUIRE(cluster.sim.run_until([&] { return cluster.all_ready(); }, 30s));
  cluster.sim.run_for(10s);
  CHECK((cluster[0].has_logged("cluster-version=3.7.0") || cluster[1].has_logged("cluster-version=3.7.0") ||
         cluster[2].has_logged("cluster-version=3.7.0")));
}

TEST_CASE("a member that lost its data is told that it has been here before") {
  TestCluster cluster(3);
  cluster.start();
  TestMember& wiped = cluster[1];
  wiped.crash(CrashKind::power_loss);
  io::sim::Node& fresh = cluster.sim.add_node("m2b");
  ServerConfig config = wiped.config;
  config.listen_client = {{"m2b", 2379}};
  config.listen_peer = {{"m2b", 2380}};
  TestMember again(fresh, config);
  again.start();
  REQUIRE(cluster.sim.run_until([&] { return again.failure.has_value(); }, 10s));
  CHECK(again.failure->detail.find("has already been bootstrapped") != std::string::npos);
  again.crash(CrashKind::process_kill);
}

TEST_CASE("members of clusters with other tokens do not mix") {
  TestCluster cluster(3);
  cluster[2].config.initial_cluster_token = "another";
  for (std::size_t i = 0; i < 3; ++i) cluster[i].start();
  cluster.sim.run_for(10s);
  CHECK(cluster[0].ready);
  CHECK(cluster[1].ready);
  CHECK_FALSE(cluster[2].ready);
  CHECK_FALSE(cluster[2].failure);
  CHECK(cluster[2].has_logged("cluster ID mismatch"));
  CHECK(cluster[0].has_logged("cluster ID mismatch"));
  CHECK(cluster.put(0, "k", "v").ok());
}

TEST_CASE("a learner follows, and answers what needs no quorum") {
  TestCluster cluster(3);
  for (std::size_t i = 0; i < 3; ++i) cluster[i].config.initial_cluster[2].is_learner = true;
  cluster.start();
  REQUIRE(cluster.put(0, "k", "v").ok());
  REQUIRE(cluster.sim.run_until([&] { return cluster.get(2, "k", true) == "v"; }, 5s));
  CHECK_EQ(cluster.get(2, "k"), "etcdserver: rpc not supported for learner");
  CHECK_EQ(cluster.put(2, "k", "w").status.message, "etcdserver: rpc not supported for learner");
  CHECK(cluster.status(2).islearner());
  const std::size_t leader = cluster.leader();
  CHECK_EQ(move_leader(cluster, leader, cluster.id(2)).status.message, "etcdserver: bad leader transferee");
}

}  // namespace etcd
