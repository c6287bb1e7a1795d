// core/etcd/test_cluster.h: several members in the simulated world, and a client that speaks gRPC to any of them.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/api/kv.pb.h"
#include "core/api/maintenance.pb.h"
#include "core/etcd/server.h"
#include "core/etcd/test_server.h"
#include "core/rpc/client.h"
#include "io/sim/simulation.h"

namespace etcd::testing {

// One member, over all its incarnations.
class TestMember final : public ServerListener, public io::Completion {
 public:
  TestMember(io::sim::Node& the_node, ServerConfig the_config) : node(the_node), config(std::move(the_config)) {
    node.observation().keeps_log = true;
  }
  void start() {
    ready = false;
    failure.reset();
    server = std::make_unique<Server>(node.world(), config, *this);
    server->start();
  }
  void crash(io::sim::CrashKind kind) {
    static_cast<void>(node.crash(kind));
    server.reset();
  }
  void restart() {
    node.restart();
    start();
  }
  void stop() {
    stopped = false;
    server->stop(*this);
  }
  bool has_logged(std::string_view text) const {
    for (const io::sim::LogLine& line : node.observation().log) {
      if (line.text.find(text) != std::string::npos) return true;
    }
    return false;
  }

  io::sim::Node& node;
  ServerConfig config;
  std::unique_ptr<Server> server;
  bool ready = false;
  bool stopped = false;
  std::optional<base::Error> failure;

 private:
  void on_ready() override { ready = true; }
  void on_failed(const base::Error& error) override { failure = error; }
  void complete(base::Status) override { stopped = true; }
};

class TestCluster {
 public:
  explicit TestCluster(std::size_t size, std::uint64_t seed = 1) : sim(seed), client(sim.add_node("client")) {
    std::vector<InitialMember> all;
    for (std::size_t i = 1; i <= size; ++i) {
      all.push_back({"m" + std::to_string(i), {"http://m" + std::to_string(i) + ":2380"}});
    }
    for (const InitialMember& one : all) {
      ServerConfig config;
      config.name = one.name;
      config.listen_client = {{one.name, 2379}};
      config.listen_peer = {{one.name, 2380}};
      config.advertise_client_urls = {"http://" + one.name + ":2379"};
      config.initial_advertise_peer_urls = one.peer_urls;
      config.initial_cluster = all;
      members.push_back(std::make_unique<TestMember>(sim.add_node(one.name), std::move(config)));
    }
  }
  ~TestCluster() {
    for (const std::unique_ptr<TestMember>& member : members) {
      if (member->server != nullptr && member->node.is_up()) member->crash(io::sim::CrashKind::process_kill);
    }
  }

  TestMember& operator[](std::size_t i) { return *members[i]; }
  void start() {
    for (const std::unique_ptr<TestMember>& member : members) member->start();
    REQUIRE(sim.run_until([&] { return all_ready(); }, 30s));
  }
  bool all_ready() const {
    for (const std::unique_ptr<TestMember>& member : members) {
      if (member->server != nullptr && !member->ready) return false;
    }
    return true;
  }

  template <typename Response, typename Request>
  Answer<Response> call(std::size_t member, std::string_view path, const Request& request, rpc::CallOptions options = {}) {
    rpc::Channel channel(client.world(), members[member]->config.listen_client[0], rpc::ChannelOptions(), nullptr);
    TestServer::Call waiting;
    channel.unary(path, request.SerializeAsString(), options, waiting);
    REQUIRE(sim.run_until([&] { return waiting.status.has_value(); }, 30s));
    Answer<Response> answer{*waiting.status, {}};
    if (answer.ok()) REQUIRE(answer.body.ParseFromString(waiting.message));
    return answer;
  }
  Answer<etcdserverpb::PutResponse> put(std::size_t member, std::string key, std::string value) {
    etcdserverpb::PutRequest request;
    request.set_key(std::move(key));
    request.set_value(std::move(value));
    return call<etcdserverpb::PutResponse>(member, "/etcdserverpb.KV/Put", request);
  }
  // The value, or the error's text.
  std::string get(std::size_t member, std::string key, bool is_serializable = false) {
    etcdserverpb::RangeRequest request;
    request.set_key(std::move(key));
    request.set_serializable(is_serializable);
    const auto answer = call<etcdserverpb::RangeResponse>(member, "/etcdserverpb.KV/Range", request);
    if (!answer.ok()) return answer.status.message;
    return answer.body.kvs_size() == 0 ? "" : answer.body.kvs(0).value();
  }
  etcdserverpb::StatusResponse status(std::size_t member) {
    return call<etcdserverpb::StatusResponse>(member, "/etcdserverpb.Maintenance/Status", etcdserverpb::StatusRequest()).body;
  }
  // The position of the member that leads, as the first one that is up says; waits for one.
  std::size_t leader() {
    for (int i = 0; i < 100; ++i) {
      for (std::size_t one = 0; one < members.size(); ++one) {
        if (members[one]->server == nullptr || !members[one]->ready || !members[one]->node.is_up()) continue;
        const etcdserverpb::StatusResponse said = status(one);
        if (said.leader() != 0 && said.leader() == said.header().member_id()) return one;
      }
      sim.run_for(100ms);
    }
    FAIL("nobody leads");
    return 0;
  }
  std::uint64_t id(std::size_t member) { return status(member).header().member_id(); }

  io::sim::Simulation sim;
  io::sim::Node& client;
  std::vector<std::unique_ptr<TestMember>> members;
};

}  // namespace etcd::testing
