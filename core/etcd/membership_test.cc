// Members come, change and go, as operators see it.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/etcd/test_changing.h"

namespace etcd {

using namespace etcd::testing;
using io::sim::CrashKind;

namespace {

// One member, and a learner that has joined and then does not see it any more: the learner's id.
std::uint64_t begin_with_cut_off_learner(Changing& cluster) {
  cluster.begin();
  const auto added = cluster.add(0, "m2", true);
  REQUIRE_MESSAGE(added.ok(), added.status.message);
  cluster.start(cluster.prepare(0, "m2"));
  cluster.sim.run_for(2s);
  cluster.sim.partition({{&cluster[0].node, &cluster.client}, {&cluster[1].node}});
  return added.body.member().id();
}

}  // namespace

TEST_CASE("one member becomes three, five, and three again") {
  Changing cluster(1);
  cluster.begin();
  REQUIRE(cluster.put(0, "k", "first").ok());
  for (const std::string name : {"m2", "m3", "m4", "m5"}) {
    CAPTURE(name);
    // At another member each time: it passes the request on to the leader.
    const std::size_t joined = cluster.grow(cluster.members.size() - 1, name);
    CHECK_EQ(cluster.get(joined, "k"), "first");
    CHECK(cluster.put(joined, "by", name).ok());
    CHECK_EQ(cluster.get(0, "by"), name);
    for (std::size_t i = 0; i < cluster.members.size(); ++i) CHECK_EQ(cluster.count(i), cluster.members.size());
  }
  for (int i = 0; i < 2; ++i) {
    // The leader first, then a follower, each asked at another member.
    const std::size_t leader = cluster.leader();
    std::size_t gone = leader;
    std::size_t asked = leader;
    for (std::size_t one = 0; one < cluster.members.size(); ++one) {
      if (one == leader || !cluster[one].node.is_up() || cluster[one].failure) continue;
      (i == 0 ? asked : gone) = one;
    }
    const auto removed = cluster.remove(asked, cluster.id(gone));
    REQUIRE_MESSAGE(removed.ok(), removed.status.message);
    CHECK_EQ(removed.body.members_size(), 4 - i);
    REQUIRE(cluster.sim.run_until([&] { return cluster[gone].failure.has_value(); }, 10s));
    CHECK_EQ(cluster[gone].failure->detail, kRemoved);
    cluster[gone].crash(CrashKind::process_kill);
    cluster.let_be_healthy();
    CHECK(cluster.put(asked, "after", std::to_string(i)).ok());
    CHECK_EQ(cluster.get(asked, "k"), "first");
    CHECK_EQ(cluster.count(asked), 4U - static_cast<unsigned>(i));
  }
}

// Its log tells of groups to which neither it nor the leader belonged, one message after the other.
TEST_CASE("whoever joins is led by a member that came later than the log's beginning, and may crash meanwhile") {
  Changing cluster(1);
  cluster.begin();
  const auto fill = [&](const std::string& key) {
    for (int i = 0; i < 3; ++i) REQUIRE(cluster.put(0, key + std::to_string(i), std::string(1'000'000, 'x')).ok());
  };
  fill("a");
  cluster.grow(0, "m2");
  fill("b");
  cluster.grow(0, "m3");
  etcdserverpb::MoveLeaderRequest move;
  move.set_targetid(cluster.id(2));
  REQUIRE(cluster.call<etcdserverpb::MoveLeaderResponse>(cluster.leader(), "/etcdserverpb.Maintenance/MoveLeader", move).ok());
  REQUIRE_EQ(cluster.leader(), 2);
  REQUIRE(cluster.add(0, "m4").ok());
  TestMember& joining = cluster.prepare(0, "m4");
  for (const auto& [from, to] : {std::pair<std::size_t, std::size_t>(2, 3), std::pair<std::size_t, std::size_t>(3, 2)}) {
    cluster.sim.network().link(cluster[from].node.host(), cluster[to].node.host()).faults.bytes_per_second = 2'000'000;
  }
  joining.start();
  for (int i = 0; i < 5; ++i) {
    cluster.sim.run_for(1s);
    if (joining.ready) break;
    joining.crash(CrashKind::power_loss);
    joining.restart();
  }
  REQUIRE(cluster.sim.run_until([&] { return joining.ready || joining.failure; }, 30s));
  REQUIRE_MESSAGE(joining.ready, joining.failure->detail);
  CHECK_EQ(cluster.leader(), 2);
  CHECK_EQ(cluster.get(3, "b2").size(), 1'000'000);
  CHECK_EQ(cluster.count(3), 4);
}

// Where its log begins after it has cut it the group had another member more than at first, and not yet this one.
TEST_CASE("a log that begins with a group without this member is no reason to refuse it") {
  Changing cluster(1);
  cluster.begin();
  cluster.grow(0, "m2");
  for (int i = 0; i < 200; ++i) REQUIRE(cluster.put(0, "k" + std::to_string(i), "v").ok());
  REQUIRE(cluster.add(0, "m3").ok());
  TestMember& joining = cluster.prepare(0, "m3");
  joining.config.tuning.catch_up_entries = 2;
  joining.config.tuning.truncate_step_entries = 1;
  joining.config.tuning.kept_entries_max = 60;  // so that it cuts its log while it joins
  cluster.start(joining);
  cluster.sim.run_for(10s);
  REQUIRE(cluster.put(2, "k", "joined").ok());
  for (int i = 0; i < 3; ++i) {
    joining.crash(CrashKind::power_loss);
    joining.restart();
    REQUIRE(cluster.sim.run_until([&] { return joining.ready || joining.failure; }, 20s));
    REQUIRE_MESSAGE(joining.ready, joining.failure->detail);
    CHECK_EQ(cluster.get(2, "k"), "joined");
  }
}

TEST_CASE("a learner is added, catches up, is promoted, and serves") {
  Changing cluster(3);
  cluster.begin();
  REQUIRE(cluster.put(0, "k", "v").ok());
  const auto added = cluster.add(0, "m4", true);
  REQUIRE_MESSAGE(added.ok(), added.status.message);
  const std::uint64_t id = added.body.member().id();
  CHECK(added.body.member().islearner());
  CHECK_EQ(added.body.member().peerurls(0), "http://m4:2380");
  CHECK(added.body.member().name().empty());
  CHECK_EQ(added.body.members_size(), 4);
  CHECK_EQ(added.body.header().member_id(), cluster.id(0));
  CHECK_EQ(added.body.header().revision(), 0);
  CHECK_EQ(cluster.promote(0, id).status.message, "etcdserver: can only promote a learner member which is in sync with leader");
  CHECK_EQ(cluster.add(0, "m5", true).status.message, "etcdserver: too many learner members in cluster");
  cluster.start(cluster.prepare(0, "m4"));
  REQUIRE(cluster.sim.run_until([&] { return cluster.get(3, "k", true) == "v"; }, 5s));
  CHECK(cluster.status(3).islearner());
  CHECK_EQ(cluster.get(3, "k"), "etcdserver: rpc not supported for learner");
  CHECK_EQ(cluster.health(3), "etcdserver: rpc not supported for learner");
  const auto promoted = cluster.promote(cluster.follower(), id);
  REQUIRE_MESSAGE(promoted.ok(), promoted.status.message);
  CHECK_EQ(promoted.body.members_size(), 4);
  for (const etcdserverpb::Member& member : promoted.body.members()) CHECK_FALSE(member.islearner());
  REQUIRE(cluster.sim.run_until([&] { return !cluster.status(3).islearner(); }, 5s));
  CHECK_EQ(cluster.get(3, "k"), "v");
  CHECK(cluster.put(3, "k", "w").ok());
  CHECK_EQ(cluster.health(3), "");
  CHECK_EQ(cluster.promote(0, id).status.message, "etcdserver: can only promote a learner member");
}

// Nobody has reached it: the answer comes before it is started, as from etcd, or whoever asked would wait for ever.
TEST_CASE("the second member is added before it runs") {
  Changing cluster(1);
  cluster.begin();
  REQUIRE(cluster.put(0, "k", "v").ok());
  const base::Instant before = cluster.client.world().clock.now();
  const auto added = cluster.add(0, "m2");
  REQUIRE_MESSAGE(added.ok(), added.status.message);
  CHECK(cluster.client.world().clock.now() - before < 500ms);
  CHECK_EQ(cluster.list(0, false).members_size(), 2);
  CHECK_EQ(cluster.add(0, "m3").status.message, "etcdserver: re-configuration failed due to not enough started members");
  // Nobody leads any more: what each member can tell for itself it says at once, and the rest when the time is over.
  cluster.sim.run_for(5s);
  const base::Instant leaderless = cluster.client.world().clock.now();
  CHECK_EQ(cluster.add(0, "m3").status.message, "etcdserver: re-configuration failed due to not enough started members");
  CHECK_EQ(cluster.add(0, "m3", true).status.message, "etcdserver: unhealthy cluster");
  CHECK_EQ(cluster.remove(0, cluster.id(0)).status.message, "etcdserver: re-configuration failed due to not enough started members");
  CHECK(cluster.client.world().clock.now() - leaderless < 500ms);
  CHECK_EQ(cluster.promote(0, 4711).status.message, "etcdserver: no leader");
  CHECK(cluster.client.world().clock.now() - leaderless > 5s);
  // The one alone decides nothing any more, also after a restart.
  cluster[0].crash(CrashKind::power_loss);
  cluster[0].restart();
  cluster.sim.run_for(5s);
  CHECK_FALSE(cluster[0].ready);
  ServerConfig config = cluster[0].config;
  config.name = "m2";
  config.listen_client = {{"m2", 2379}};
  config.listen_peer = {{"m2", 2380}};
  config.advertise_client_urls = {"http://m2:2379"};
  config.initial_advertise_peer_urls = {"http://m2:2380"};
  config.initial_cluster.push_back({"m2", {"http://m2:2380"}});
  config.is_joining = true;
  cluster.members.push_back(std::make_unique<TestMember>(cluster.sim.add_node("m2"), config));
  cluster.start(cluster[1]);
  REQUIRE(cluster.sim.run_until([&] { return cluster[0].ready; }, 10s));
  CHECK_EQ(cluster.get(1, "k"), "v");
  CHECK_EQ(cluster.count(0), 2);
}

TEST_CASE("a member that is asked to remove itself says so before it stops") {
  for (const bool is_leader : {false, true}) {
    CAPTURE(is_leader);
    Changing cluster(3);
    cluster.begin();
    const std::size_t gone = is_leader ? cluster.leader() : cluster.follower();
    const std::size_t other = gone == 0 ? 1 : 0;
    const auto removed = cluster.remove(gone, cluster.id(gone));
    REQUIRE_MESSAGE(removed.ok(), removed.status.message);
    CHECK_EQ(removed.body.members_size(), 2);
    REQUIRE(cluster.sim.run_until([&] { return cluster[gone].failure.has_value(); }, 5s));
    CHECK_EQ(cluster[gone].failure->detail, kRemoved);
    CHECK(cluster.put(other, "k", "v").ok());
    CHECK_EQ(cluster.count(other), 2);
    // Its orderly end, as the daemon asks for it.
    cluster[gone].stop();
    REQUIRE(cluster.sim.run_until([&] { return cluster[gone].stopped; }, 10s));
    cluster[gone].server.reset();
  }
}

TEST_CASE("who was removed while it was away stops when it comes back, and every time") {
  Changing cluster(3);
  cluster.begin();
  const std::size_t gone = cluster.follower();
  const std::size_t other = cluster.leader();
  const std::uint64_t id = cluster.id(gone);
  cluster[gone].crash(CrashKind::power_loss);
  cluster.let_be_healthy();
  const auto removed = cluster.remove(other, id);
  REQUIRE_MESSAGE(removed.ok(), removed.status.message);
  CHECK_EQ(cluster.remove(other, id).status.message, "etcdserver: member not found");
  cluster.sim.run_for(5s);
  for (int i = 0; i < 2; ++i) {
    cluster[gone].restart();
    REQUIRE(cluster.sim.run_until([&] { return cluster[gone].failure.has_value(); }, 20s));
    CHECK_EQ(cluster[gone].failure->detail, kRemoved);
    CHECK(cluster[gone].has_logged("data-dir used by this member must be removed"));
    cluster[gone].crash(CrashKind::process_kill);
  }
  CHECK(cluster.put(other, "k", "v").ok());
}

// It never campaigns, and so never notices by itself that its leader is silent (sim: membership, seed 23).
TEST_CASE("a learner that was cut off while it was removed finds out") {
  Changing cluster(1);
  const std::uint64_t learner = begin_with_cut_off_learner(cluster);
  cluster.sim.run_for(10s);  // the connections are given up: nothing is on its way
  REQUIRE(cluster.remove(0, learner).ok());
  cluster.sim.run_for(10s);
  CHECK_FALSE(cluster[1].failure);
  cluster.sim.heal();
  REQUIRE(cluster.sim.run_until([&] { return cluster[1].failure.has_value(); }, 20s));
  CHECK_EQ(cluster[1].failure->detail, kRemoved);
}

TEST_CASE("a member that lost its disk is removed and comes again as another") {
  Changing cluster(3);
  cluster.begin();
  REQUIRE(cluster.put(0, "k", "v").ok());
  const std::size_t lost = cluster.follower();
  const std::size_t other = cluster.leader();
  const std::uint64_t id = cluster.id(lost);
  cluster[lost].crash(CrashKind::power_loss);
  cluster.let_be_healthy();
  REQUIRE(cluster.remove(other, id).ok());
  REQUIRE(cluster.add(other, "fresh").ok());
  TestMember& fresh = cluster.prepare(other, "fresh");
  cluster.start(fresh);
  CHECK_EQ(cluster.get(3, "k"), "v");
  CHECK_NE(cluster.id(3), id);
  CHECK_EQ(cluster.count(3), 3);
}

TEST_CASE("whoever joins names the members that are there, and itself for one that never ran") {
  Changing cluster(3);
  cluster.begin();
  REQUIRE(cluster.add(0, "m4").ok());
  struct Case {
    std::string name;
    void (*spoil)(ServerConfig& config);
    const char* error;
  };
  const Case cases[] = {
      {"one too few", [](ServerConfig& c) { c.initial_cluster.erase(c.initial_cluster[0].name == "m4" ? c.initial_cluster.begin() + 1 : c.initial_cluster.begin()); },
       "member count is unequal"},
      {"another URL", [](ServerConfig& c) {
         for (InitialMember& one : c.initial_cluster) {
           if (one.name == "m1") one.peer_urls = {"http://m1:1"};
         }
       }, "PeerURLs: no match found for existing member"},
      {"nobody answers", [](ServerConfig& c) {
         for (InitialMember& one : c.initial_cluster) {
           if (one.name != "m4") one.peer_urls = {"http://" + one.name + ":1"};
         }
       }, "could not retrieve cluster information from the given URLs"},
      {"not itself", [](ServerConfig& c) { c.name = "m9"; }, "couldn't find local name \"m9\""},
      {"one that runs", [](ServerConfig& c) {
         c.name = "m1";
         c.initial_advertise_peer_urls = {"http://m1:2380"};
       }, "has already been bootstrapped"},
  };
  const ServerConfig good = cluster.prepare(0, "m4").config;
  cluster.members.pop_back();
  int number = 0;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const std::string host = "x" + std::to_string(++number);
    ServerConfig config = good;
    c.spoil(config);
    config.listen_client = {{host, 2379}};
    config.listen_peer = {{host, 2380}};
    TestMember member(cluster.sim.add_node(host), config);
    member.start();
    REQUIRE(cluster.sim.run_until([&] { return member.failure.has_value(); }, 60s));
    CHECK_MESSAGE(member.failure->detail.find(c.error) != std::string::npos, member.failure->detail);
    member.crash(CrashKind::process_kill);
  }
}

TEST_CASE("a member is reached at its new URL") {
  Changing cluster(3);
  cluster.begin();
  const std::size_t moved = cluster.follower();
  const std::size_t other = cluster.leader();
  const std::uint64_t id = cluster.id(moved);
  cluster[moved].crash(CrashKind::process_kill);
  const std::string host = cluster[moved].config.name;
  const auto updated = cluster.update(other, id, "http://" + host + ":9999");
  REQUIRE_MESSAGE(updated.ok(), updated.status.message);
  CHECK_EQ(cluster.update(other, cluster.id(other), "http://" + host + ":9999").status.message, "etcdserver: Peer URLs already exists");
  CHECK_EQ(cluster.update(other, 4711, "http://new:1").status.message, "etcdserver: member not found");
  // Only there, so nobody reaches it who has not heard of the change.
  cluster[moved].config.listen_peer = {{host, 9999}};
  cluster[moved].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster[moved].ready; }, 20s));
  CHECK(cluster.put(moved, "k", "v").ok());
  bool is_listed = false;
  const etcdserverpb::MemberListResponse list = cluster.list(moved);
  for (const etcdserverpb::Member& member : list.members()) {
    is_listed = is_listed || (member.id() == id && member.peerurls_size() == 1 && member.peerurls(0) == "http://" + host + ":9999");
  }
  CHECK(is_listed);
}

// It knows nobody who is there, but they know it: what they say when they call is where it asks.
TEST_CASE("a member that was away while everybody it knew was replaced finds the group") {
  Changing cluster(3);
  for (const auto& member : cluster.members) member->config.strict_reconfig_check = false;
  cluster.begin();
  const std::size_t away = cluster.follower();
  cluster[away].crash(CrashKind::power_loss);
  const std::size_t at = cluster.leader();
  for (const std::string name : {"m4", "m5"}) {
    const auto added = cluster.add(at, name, true);  // two of three cannot wait for a third that starts later
    REQUIRE_MESSAGE(added.ok(), added.status.message);
    TestMember& joining = cluster.prepare(at, name);
    joining.config.strict_reconfig_check = false;
    cluster.start(joining);
    cluster.let_be_healthy();
    const auto promoted = cluster.promote(at, added.body.member().id());
    REQUIRE_MESSAGE(promoted.ok(), promoted.status.message);
  }
  const std::size_t asked = 4;
  for (std::size_t gone = 0; gone < 3; ++gone) {
    if (gone == away) continue;
    const auto removed = cluster.remove(asked, cluster.id(gone));
    REQUIRE_MESSAGE(removed.ok(), removed.status.message);
    REQUIRE(cluster.sim.run_until([&] { return cluster[gone].failure.has_value(); }, 20s));
    cluster[gone].crash(CrashKind::power_loss);
    cluster.sim.run_for(3s);
  }
  REQUIRE(cluster.put(asked, "k", "v").ok());
  cluster[away].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster[away].ready || cluster[away].failure; }, 30s));
  REQUIRE_MESSAGE(cluster[away].ready, cluster[away].failure->detail);
  CHECK_EQ(cluster.get(away, "k"), "v");
  CHECK_EQ(cluster.count(away), 3);
  // It needs the returned one now.
  cluster[asked].crash(CrashKind::power_loss);
  cluster.sim.run_for(5s);
  CHECK(cluster.put(away, "k", "w").ok());
}

TEST_CASE("a member that was away while everybody it knew moved hears where they are") {
  Changing cluster(3);
  cluster.begin();
  const std::size_t away = cluster.follower();
  cluster[away].crash(CrashKind::power_loss);
  for (std::size_t moved = 0; moved < 3; ++moved) {
    if (moved == away) continue;
    const std::string host = cluster[moved].config.name;
    const auto updated = cluster.update(moved, cluster.id(moved), "http://" + host + ":9999");
    REQUIRE_MESSAGE(updated.ok(), updated.status.message);
    cluster.sim.run_for(1s);
    cluster[moved].crash(CrashKind::process_kill);
    cluster[moved].config.listen_peer = {{host, 9999}};
    cluster[moved].restart();
    REQUIRE(cluster.sim.run_until([&] { return cluster[moved].ready; }, 20s));
  }
  const std::size_t asked = away == 0 ? 1 : 0;
  REQUIRE(cluster.put(asked, "k", "v").ok());
  cluster[away].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster[away].ready || cluster[away].failure; }, 30s));
  REQUIRE_MESSAGE(cluster[away].ready, cluster[away].failure->detail);
  CHECK_EQ(cluster.get(away, "k"), "v");
}

// Both have the new URL in their logs, and neither knows that the other one has it: nobody has been told to move yet (sim: membership, seed
// 101).
TEST_CASE("a member whose new URL is not agreed on yet is still reached at the old one") {
  Changing cluster(1);
  cluster.begin();
  cluster.grow(0, "m2");
  REQUIRE_EQ(cluster.leader(), 0);
  cluster.sim.network().cut(cluster[1].node.host(), cluster[0].node.host());
  CHECK_FALSE(cluster.update(0, cluster.id(1), "http://m2:9999").ok());
  cluster.sim.run_for(1s);
  for (std::size_t one = 0; one < 2; ++one) cluster[one].crash(CrashKind::power_loss);
  cluster.sim.heal();
  cluster[1].restart();
  cluster.sim.run_for(5s);
  cluster[0].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster.all_ready(); }, 20s));
  CHECK(cluster.put(0, "k", "v").ok());
  CHECK_EQ(cluster.get(1, "k"), "v");
}

// Nobody who stays dials it any more, and where it knows somebody nobody is. But the one that is to take its place is dialled where it is
// (sim: membership, seed 567).
TEST_CASE("a member that was removed while it was away, and everybody moved, hears it from who calls another one") {
  Changing cluster(1);
  const std::uint64_t learner = begin_with_cut_off_learner(cluster);
  REQUIRE(cluster.remove(0, learner).ok());
  REQUIRE(cluster.update(0, cluster.id(0), "http://m1:9999").ok());
  cluster.sim.run_for(5s);
  cluster[0].crash(CrashKind::process_kill);
  cluster[0].config.listen_peer = {{"m1", 9999}};
  cluster[0].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster[0].ready; }, 10s));
  cluster.sim.run_for(10s);
  cluster.sim.heal();
  cluster.sim.run_for(10s);
  CHECK_FALSE(cluster[1].failure);
  REQUIRE(cluster.add(0, "m2", true).ok());
  REQUIRE(cluster.sim.run_until([&] { return cluster[1].failure.has_value(); }, 20s));
  CHECK_EQ(cluster[1].failure->detail, kRemoved);
}

TEST_CASE("one that is left goes on alone when it is told to, and grows again") {
  Changing cluster(3);
  cluster.begin();
  const std::size_t left = cluster.follower();
  REQUIRE(cluster.put(left, "k", "v").ok());
  REQUIRE_EQ(cluster.get(left, "k"), "v");
  for (std::size_t i = 0; i < 3; ++i) cluster[i].crash(CrashKind::power_loss);
  cluster[left].config.force_new_cluster = true;
  for (int i = 0; i < 2; ++i) {  // the flag may stay
    cluster[left].restart();
    REQUIRE(cluster.sim.run_until([&] { return cluster[left].ready || cluster[left].failure; }, 20s));
    REQUIRE_MESSAGE(cluster[left].ready, cluster[left].failure->detail);
    CHECK_EQ(cluster.get(left, "k"), "v");
    CHECK_EQ(cluster.count(left), 1);
    CHECK(cluster.put(left, "i", std::to_string(i)).ok());
    cluster[left].crash(CrashKind::power_loss);
  }
  cluster[left].config.force_new_cluster = false;
  cluster[left].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster[left].ready; }, 20s));
  CHECK_EQ(cluster.get(left, "i"), "1");
  const std::size_t joined = cluster.grow(left, "m4");
  CHECK_EQ(cluster.get(joined, "k"), "v");
  // Those of before are strangers now.
  const std::size_t old = left == 0 ? 1 : 0;
  cluster[old].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster[old].failure.has_value(); }, 20s));
  CHECK_EQ(cluster[old].failure->detail, kRemoved);
  CHECK_EQ(cluster.count(joined), 2);
}

// Whoever asked may not be told, and asks again: one member comes of it.
TEST_CASE("a change whose leader dies midway happens once or never") {
  for (int milliseconds = 0; milliseconds < 60; milliseconds += 3) {
    CAPTURE(milliseconds);
    Changing cluster(3, static_cast<std::uint64_t>(milliseconds) + 1);
    cluster.begin();
    const std::size_t leader = cluster.leader();
    const std::size_t asked = cluster.follower();
    etcdserverpb::MemberAddRequest request;
    request.add_peerurls("http://m4:2380");
    rpc::Channel channel(cluster.client.world(), cluster[asked].config.listen_client[0], rpc::ChannelOptions(), nullptr);
    TestServer::Call waiting;
    channel.unary("/etcdserverpb.Cluster/MemberAdd", request.SerializeAsString(), {}, waiting);
    cluster.sim.run_for(std::chrono::milliseconds(milliseconds));
    cluster[leader].crash(CrashKind::power_loss);
    REQUIRE(cluster.sim.run_until([&] { return waiting.status.has_value(); }, 30s));
    cluster.sim.run_for(3s);
    cluster[leader].restart();
    REQUIRE(cluster.sim.run_until([&] { return cluster[leader].ready; }, 30s));
    cluster.let_be_healthy();
    const std::size_t after = cluster.count(asked);
    const bool is_told = waiting.status->code == rpc::StatusCode::ok;
    CHECK((after == 4 || !is_told));
    const auto again = cluster.add(asked, "m4");
    CHECK_MESSAGE((again.ok() || again.status.message == "etcdserver: Peer URLs already exists"), again.status.message);
    CHECK_EQ(again.ok(), after == 3);
    CHECK_EQ(cluster.count(leader), 4);
  }
}

TEST_CASE("changes that come at the same time follow each other") {
  Changing cluster(3);
  cluster.begin();
  const std::size_t leader = cluster.leader();
  const std::uint64_t gone = cluster.id(cluster.follower());
  rpc::Channel channel(cluster.client.world(), cluster[leader].config.listen_client[0], rpc::ChannelOptions(), nullptr);
  TestServer::Call calls[3];
  etcdserverpb::MemberAddRequest add;
  add.add_peerurls("http://l:2380");
  add.set_islearner(true);
  channel.unary("/etcdserverpb.Cluster/MemberAdd", add.SerializeAsString(), {}, calls[0]);
  etcdserverpb::MemberUpdateRequest update;
  update.set_id(gone);
  update.add_peerurls("http://elsewhere:1");
  channel.unary("/etcdserverpb.Cluster/MemberUpdate", update.SerializeAsString(), {}, calls[1]);
  etcdserverpb::MemberRemoveRequest remove;
  remove.set_id(gone);
  channel.unary("/etcdserverpb.Cluster/MemberRemove", remove.SerializeAsString(), {}, calls[2]);
  for (const TestServer::Call& one : calls) {
    REQUIRE(cluster.sim.run_until([&] { return one.status.has_value(); }, 10s));
    CHECK_MESSAGE(one.status->code == rpc::StatusCode::ok, one.status->message);
  }
  CHECK_EQ(cluster.count(leader), 3);
}

// The id is made of the URL and the second, and whoever was removed has only reached the store, which is late (sim: membership, seed 830).
TEST_CASE("who was removed is not added again under the same id") {
  Changing cluster(1);
  cluster[0].config.tuning.unmaterialised_bytes_max = 1;
  cluster[0].config.tuning.store_batch_delay = 400ms;
  cluster.begin();
  const auto nanoseconds = [&] { return cluster[0].node.world().clock.wall_now().nanoseconds % 1'000'000'000; };
  REQUIRE(cluster.sim.run_until([&] { return nanoseconds() < 50'000'000; }, 2s));
  const auto added = cluster.add(0, "m2", true);
  REQUIRE_MESSAGE(added.ok(), added.status.message);
  rpc::Channel channel(cluster.client.world(), cluster[0].config.listen_client[0], rpc::ChannelOptions(), nullptr);
  TestServer::Call calls[3];
  etcdserverpb::PutRequest put;
  put.set_key("k");
  put.set_value(std::string(1000, 'v'));
  channel.unary("/etcdserverpb.KV/Put", put.SerializeAsString(), {}, calls[0]);
  etcdserverpb::MemberRemoveRequest remove;
  remove.set_id(added.body.member().id());
  channel.unary("/etcdserverpb.Cluster/MemberRemove", remove.SerializeAsString(), {}, calls[1]);
  etcdserverpb::MemberAddRequest add;
  add.add_peerurls("http://m2:2380");
  add.set_islearner(true);
  channel.unary("/etcdserverpb.Cluster/MemberAdd", add.SerializeAsString(), {}, calls[2]);
  for (const TestServer::Call& one : calls) REQUIRE(cluster.sim.run_until([&] { return one.status.has_value(); }, 10s));
  CHECK_MESSAGE(calls[1].status->code == rpc::StatusCode::ok, calls[1].status->message);
  const etcdserverpb::MemberListResponse list = cluster.list(0);
  for (const etcdserverpb::Member& member : list.members()) CHECK_NE(member.id(), added.body.member().id());
}

}  // namespace etcd
