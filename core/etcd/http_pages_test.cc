// The pages for a plain GET, on both listeners.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "core/etcd/health_page.h"
#include "core/etcd/http_pages.h"
#include "core/etcd/test_changing.h"
#include "core/etcd/test_cluster.h"
#include "io/sim/test_programs.h"

namespace etcd {

using namespace etcd::testing;

namespace {

constexpr std::string_view kCors =
    "Access-Control-Allow-Methods: POST, GET, OPTIONS, PUT, DELETE\r\nAccess-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Headers: accept, content-type, authorization\r\n";

// The whole answer without its Date; empty when the connection ended without one.
std::string ask(io::sim::Simulation& sim, io::sim::Node& from, const io::Address& at, std::string_view method, std::string_view target) {
  io::sim::testing::TestPeer peer;
  peer.stream = from.world().network.connect(at, peer);
  peer.send(std::string(method) + ' ' + std::string(target) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  REQUIRE(sim.run_until([&] { return peer.finished || peer.closed; }, 30s));
  std::string answer = peer.received;
  const std::size_t date = answer.find("Date: ");
  if (date != std::string::npos) answer.erase(date, answer.find("\r\n", date) + 2 - date);
  return answer;
}
std::string fetch(TestCluster& cluster, const io::Address& at, std::string_view target) { return ask(cluster.sim, cluster.client, at, "GET", target); }

// Asks every 100 ms, for half a minute.
template <typename Predicate>
bool comes(TestCluster& cluster, const io::Address& at, std::string_view target, Predicate&& is_it) {
  for (int i = 0; i < 300; ++i) {
    if (is_it(fetch(cluster, at, target))) return true;
    cluster.sim.run_for(100ms);
  }
  return false;
}

std::string page(std::string_view status, std::string_view headers, std::string_view content_type, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) + "Content-Type: " + std::string(content_type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + std::string(body);
}
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kNosniff = "X-Content-Type-Options: nosniff\r\n";
const std::string kWell = page("200 OK", kCors, kText, R"({"health":"true","reason":""})");

std::string unwell(std::string_view reason) {
  return page("503 Service Unavailable", std::string(kCors) + std::string(kNosniff), kText,
              R"({"health":"false","reason":")" + std::string(reason) + "\"}\n");
}

}  // namespace

TEST_CASE("the version page says what is known of each version") {
  CHECK_EQ(version_page(""), R"({"etcdserver":"3.7.1","etcdcluster":"not_decided","storage":"unknown"})");
  CHECK_EQ(version_page("3.0.0"), R"({"etcdserver":"3.7.1","etcdcluster":"3.0.0","storage":"unknown"})");
  CHECK_EQ(version_page("3.7.0"), R"({"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"})");
}

TEST_CASE("the page of members has what is there of each, in etcd's form") {
  google::protobuf::RepeatedPtrField<etcdserverpb::Member> members;
  CHECK_EQ(members_page(members), "[]\n");
  etcdserverpb::Member& one = *members.Add();
  one.set_id(18446744073709551615U);
  one.add_peerurls("http://a:1");
  etcdserverpb::Member& other = *members.Add();
  other.set_id(7);
  other.set_name("b\"\xFF");
  other.set_islearner(true);
  other.add_peerurls("http://b:1");
  other.add_peerurls("http://b:2");
  other.add_clienturls("http://b:3");
  CHECK_EQ(members_page(members),
           R"([{"id":18446744073709551615,"peerURLs":["http://a:1"]},)"
           R"({"id":7,"peerURLs":["http://b:1","http://b:2"],"isLearner":true,"name":"b\")"
           "\xEF\xBF\xBD"
           R"(","clientURLs":["http://b:3"]}])"
           "\n");
}

TEST_CASE("a member of a cluster serves its pages on both listeners, each its own") {
  TestCluster cluster(3);
  cluster.start();
  REQUIRE(comes(cluster, {"m1", 2380}, "/version", [](const std::string& answer) { return answer.find("3.7.0") != std::string::npos; }));
  const std::string version = R"({"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"})";
  const etcdserverpb::StatusResponse status = cluster.status(0);
  std::string members;
  const auto list = cluster.call<etcdserverpb::MemberListResponse>(0, "/etcdserverpb.Cluster/MemberList", etcdserverpb::MemberListRequest());
  for (const etcdserverpb::Member& one : list.body.members()) {
    members += members.empty() ? "[" : ",";
    members += R"({"id":)" + std::to_string(one.id()) + R"(,"peerURLs":[")" + one.peerurls(0) + R"("],"name":")" +
               one.name() + R"(","clientURLs":[")" + one.clienturls(0) + "\"]}";
  }
  members += "]\n";
  const std::string cluster_id = "X-Etcd-Cluster-Id: " + base::to_text(base::ClusterId(status.header().cluster_id())) + "\r\n";
  for (const std::string_view host : {"m1", "m2", "m3"}) {
    const io::Address peers{std::string(host), 2380}, clients{std::string(host), 2379};
    CHECK_EQ(fetch(cluster, peers, "/version"), page("200 OK", "", "application/json", version));
    CHECK_EQ(fetch(cluster, peers, "/members"), page("200 OK", cluster_id, "application/json", members));
    CHECK_EQ(fetch(cluster, peers, "/health"), page("404 Not Found", kNosniff, kText, "404 page not found\n"));
    CHECK_EQ(fetch(cluster, clients, "/version"), page("200 OK", kCors, "application/json", version));
    CHECK_EQ(fetch(cluster, clients, "/health"), kWell);
    CHECK_EQ(fetch(cluster, clients, "/members"), page("404 Not Found", std::string(kCors) + std::string(kNosniff), kText, "404 page not found\n"));
  }
}

TEST_CASE("pages are for GET alone, and on the client listener OPTIONS") {
  TestCluster cluster(1);
  cluster.start();
  const std::string refused = page("405 Method Not Allowed", std::string(kNosniff) + "Allow: GET\r\n", kText, "Method Not Allowed\n");
  const io::Address peers{"m1", 2380}, clients{"m1", 2379};
  for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "Get"}) {
    CAPTURE(method);
    CHECK_EQ(ask(cluster.sim, cluster.client, peers, method, "/version"), refused);
    CHECK_EQ(ask(cluster.sim, cluster.client, peers, method, "/members"), refused);
  }
  CHECK_EQ(ask(cluster.sim, cluster.client, peers, "HEAD", "/version"), refused.substr(0, refused.find("\r\n\r\n") + 4));
  for (const std::string_view target : {"/version", "/health"}) {
    CHECK_NE(ask(cluster.sim, cluster.client, clients, "POST", target).find("Allow: GET"), std::string::npos);
    CHECK_EQ(ask(cluster.sim, cluster.client, clients, "OPTIONS", target),
             "HTTP/1.1 200 OK\r\n" + std::string(kCors) + "Content-Length: 0\r\nConnection: close\r\n\r\n");
  }
}

TEST_CASE("a member without a majority is not well, unless its own store is all that is asked about") {
  TestCluster cluster(3);
  cluster.start();
  REQUIRE(cluster.put(0, "k", "v").ok());
  const std::size_t leader = cluster.leader();
  const std::size_t left = leader == 0 ? 1 : 0;
  const io::Address clients = cluster[left].config.listen_client[0];
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != left) cluster[i].crash(io::sim::CrashKind::process_kill);
  }
  // While it does not know yet that the leader is gone the read is tried, and runs out of time.
  CHECK_EQ(fetch(cluster, clients, "/health"), unwell("RANGE ERROR:etcdserver: request timed out"));
  cluster.sim.run_for(5s);
  CHECK_EQ(fetch(cluster, clients, "/health"), unwell("RAFT NO LEADER"));
  CHECK_EQ(fetch(cluster, clients, "/health?serializable=true"), kWell);
  CHECK_EQ(fetch(cluster, clients, "/health?serializable=1"), unwell("RAFT NO LEADER"));
  const io::Address peers{cluster[left].config.name, 2380};
  CHECK_NE(fetch(cluster, peers, "/members").find("200 OK"), std::string::npos);
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != left) cluster[i].restart();
  }
  CHECK(comes(cluster, clients, "/health", [](const std::string& answer) { return answer == kWell; }));
}

TEST_CASE("a client that gives up on a check of health leaves nothing behind") {
  TestCluster cluster(3);
  cluster.start();
  const std::size_t leader = cluster.leader();
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != leader) cluster[i].crash(io::sim::CrashKind::process_kill);
  }
  {
    io::sim::testing::TestPeer peer;
    peer.stream = cluster.client.world().network.connect(cluster[leader].config.listen_client[0], peer);
    peer.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    cluster.sim.run_for(100ms);
    CHECK_EQ(peer.received, "");
    cluster.sim.network().reset_connections(cluster.client.host(), cluster[leader].node.host());
    cluster.sim.run_for(100ms);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != leader) cluster[i].restart();
  }
  CHECK(comes(cluster, cluster[leader].config.listen_client[0], "/health", [](const std::string& answer) { return answer == kWell; }));
}

TEST_CASE("a member that waits for the others says on the peer listener what it is, and not yet who belongs") {
  TestCluster cluster(3);
  cluster[0].start();
  const io::Address peers{"m1", 2380};
  REQUIRE(comes(cluster, peers, "/version", [](const std::string& answer) { return !answer.empty(); }));
  CHECK_EQ(fetch(cluster, peers, "/version"),
           page("200 OK", "", "application/json", R"({"etcdserver":"3.7.1","etcdcluster":"not_decided","storage":"unknown"})"));
  CHECK_EQ(fetch(cluster, {"m1", 2379}, "/version"), "");  // clients are not served
}

}  // namespace etcd
