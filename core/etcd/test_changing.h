// core/etcd/test_changing.h: a simulated cluster that grows and shrinks.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/etcd/test_cluster.h"

namespace etcd::testing {

inline constexpr const char* kRemoved = "the member has been permanently removed from the cluster";

class Changing : public TestCluster {
 public:
  using TestCluster::TestCluster;

  void begin() {
    start();
    let_be_healthy();
  }
  // Changes want connections that have stood for five seconds.
  void let_be_healthy() { sim.run_for(6s); }

  Answer<etcdserverpb::MemberAddResponse> add(std::size_t at, const std::string& name, bool is_learner = false) {
    etcdserverpb::MemberAddRequest request;
    request.add_peerurls("http://" + name + ":2380");
    request.set_islearner(is_learner);
    return call<etcdserverpb::MemberAddResponse>(at, "/etcdserverpb.Cluster/MemberAdd", request);
  }
  Answer<etcdserverpb::MemberRemoveResponse> remove(std::size_t at, std::uint64_t id) {
    etcdserverpb::MemberRemoveRequest request;
    request.set_id(id);
    return call<etcdserverpb::MemberRemoveResponse>(at, "/etcdserverpb.Cluster/MemberRemove", request);
  }
  Answer<etcdserverpb::MemberPromoteResponse> promote(std::size_t at, std::uint64_t id) {
    etcdserverpb::MemberPromoteRequest request;
    request.set_id(id);
    return call<etcdserverpb::MemberPromoteResponse>(at, "/etcdserverpb.Cluster/MemberPromote", request);
  }
  Answer<etcdserverpb::MemberUpdateResponse> update(std::size_t at, std::uint64_t id, const std::string& url) {
    etcdserverpb::MemberUpdateRequest request;
    request.set_id(id);
    request.add_peerurls(url);
    return call<etcdserverpb::MemberUpdateResponse>(at, "/etcdserverpb.Cluster/MemberUpdate", request);
  }
  etcdserverpb::MemberListResponse list(std::size_t at, bool is_linearizable = true) {
    etcdserverpb::MemberListRequest request;
    request.set_linearizable(is_linearizable);
    const auto answer = call<etcdserverpb::MemberListResponse>(at, "/etcdserverpb.Cluster/MemberList", request);
    CHECK_MESSAGE(answer.ok(), answer.status.message);
    return answer.body;
  }
  // The error's text.
  std::string health(std::size_t at) {
    rpc::Channel channel(client.world(), members[at]->config.listen_client[0], rpc::ChannelOptions(), nullptr);
    TestServer::Call waiting;
    channel.unary("/grpc.health.v1.Health/Check", "", {}, waiting);
    REQUIRE(sim.run_until([&] { return waiting.status.has_value(); }, 30s));
    return waiting.status->message;
  }
  std::size_t count(std::size_t at) { return static_cast<std::size_t>(list(at).members_size()); }

  // One more, to join whoever `at` lists. Not started.
  TestMember& prepare(std::size_t at, const std::string& name) {
    ServerConfig config;
    config.name = name;
    config.listen_client = {{name, 2379}};
    config.listen_peer = {{name, 2380}};
    config.advertise_client_urls = {"http://" + name + ":2379"};
    config.initial_advertise_peer_urls = {"http://" + name + ":2380"};
    config.is_joining = true;
    name_cluster(at, config);
    members.push_back(std::make_unique<TestMember>(sim.add_node(name), std::move(config)));
    return *members.back();
  }
  // The initial cluster is whoever `at` lists.
  void name_cluster(std::size_t at, ServerConfig& config) {
    config.initial_cluster.clear();
    int unnamed = 0;
    const etcdserverpb::MemberListResponse now = list(at, false);
    for (const etcdserverpb::Member& member : now.members()) {
      const std::vector<std::string> urls(member.peerurls().begin(), member.peerurls().end());
      const bool is_this = urls == config.initial_advertise_peer_urls;
      const std::string other = member.name().empty() ? "unnamed" + std::to_string(++unnamed) : member.name();
      config.initial_cluster.push_back({is_this ? config.name : other, urls});
    }
  }
  void start(TestMember& member) {
    member.start();
    REQUIRE(sim.run_until([&] { return member.ready || member.failure; }, 30s));
    REQUIRE_MESSAGE(member.ready, member.failure->detail);
  }
  using TestCluster::start;
  // Added at `at`, and started.
  std::size_t grow(std::size_t at, const std::string& name) {
    const auto added = add(at, name);
    REQUIRE_MESSAGE(added.ok(), added.status.message);
    start(prepare(at, name));
    let_be_healthy();
    return members.size() - 1;
  }
  std::size_t follower() { return leader() == 0 ? 1 : 0; }
};

}  // namespace etcd::testing
