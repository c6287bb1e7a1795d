// core/etcd/test_server.h: a member in the simulated world, and a client that speaks gRPC to it.
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
#include "core/rpc/client.h"
#include "io/sim/simulation.h"

namespace etcd::testing {

using namespace std::chrono_literals;

// The answer to one call.
template <typename Response>
struct Answer {
  rpc::Status status;
  Response body;
  bool ok() const { return status.code == rpc::StatusCode::ok; }
};

class TestServer final : public ServerListener, public io::Completion {
 public:
  TestServer() : member(sim.add_node("m1")), client(sim.add_node("client")) {
    config.listen_client = {{"m1", 2379}};
    config.advertise_client_urls = {"http://m1:2379"};
    member.observation().keeps_log = true;
  }
  ~TestServer() {
    if (server != nullptr) crash(io::sim::CrashKind::process_kill);
  }

  void begin() {
    ready = false;
    failure.reset();
    server = std::make_unique<Server>(member.world(), config, *this);
    server->start();
  }
  // Until clients are served.
  void start() {
    begin();
    REQUIRE(sim.run_until([&] { return ready || failure; }, 30s));
    REQUIRE_MESSAGE(ready, (failure ? failure->detail : std::string()));
    connect();
  }
  void connect() { channel = std::make_unique<rpc::Channel>(client.world(), config.listen_client[0], rpc::ChannelOptions(), nullptr); }

  void stop() {
    channel.reset();
    stopped = false;
    server->stop(*this);
    REQUIRE(sim.run_until([&] { return stopped; }, 30s));
    server.reset();
  }
  void crash(io::sim::CrashKind kind) {
    channel.reset();
    member.crash(kind);
    server.reset();
  }

  template <typename Response, typename Request>
  Answer<Response> call(std::string_view path, const Request& request, rpc::CallOptions options = {}) {
    Call waiting;
    channel->unary(path, request.SerializeAsString(), options, waiting);
    REQUIRE(sim.run_until([&] { return waiting.status.has_value(); }, 30s));
    Answer<Response> answer{*waiting.status, {}};
    if (answer.ok()) REQUIRE(answer.body.ParseFromString(waiting.message));
    return answer;
  }

  Answer<etcdserverpb::PutResponse> put(std::string key, std::string value, bool prev_kv = false) {
    etcdserverpb::PutRequest request;
    request.set_key(std::move(key));
    request.set_value(std::move(value));
    request.set_prev_kv(prev_kv);
    return call<etcdserverpb::PutResponse>("/etcdserverpb.KV/Put", request);
  }
  Answer<etcdserverpb::DeleteRangeResponse> erase(std::string key, std::string end, bool prev_kv = false) {
    etcdserverpb::DeleteRangeRequest request;
    request.set_key(std::move(key));
    request.set_range_end(std::move(end));
    request.set_prev_kv(prev_kv);
    return call<etcdserverpb::DeleteRangeResponse>("/etcdserverpb.KV/DeleteRange", request);
  }
  Answer<etcdserverpb::RangeResponse> range(const etcdserverpb::RangeRequest& request) {
    return call<etcdserverpb::RangeResponse>("/etcdserverpb.KV/Range", request);
  }
  Answer<etcdserverpb::RangeResponse> get(std::string key, std::string end = {}, std::int64_t revision = 0) {
    etcdserverpb::RangeRequest request;
    request.set_key(std::move(key));
    request.set_range_end(std::move(end));
    request.set_revision(revision);
    return range(request);
  }
  bool has_logged(std::string_view text) {
    for (const io::sim::LogLine& line : member.observation().log) {
      if (line.text.find(text) != std::string::npos) return true;
    }
    return false;
  }

  io::sim::Simulation sim{1};
  io::sim::Node& member;
  io::sim::Node& client;
  ServerConfig config;
  bool ready = false;
  bool stopped = false;
  std::optional<base::Error> failure;
  std::unique_ptr<Server> server;
  std::unique_ptr<rpc::Channel> channel;

  struct Call final : rpc::ClientCall {
    void on_message(std::string_view bytes) override { message = bytes; }
    void on_status(const rpc::Status& with) override { status = with; }
    std::string message;
    std::optional<rpc::Status> status;
  };

 private:
  void on_ready() override { ready = true; }
  void on_failed(const base::Error& error) override { failure = error; }
  void complete(base::Status status) override {
    CHECK(status.has_value());
    stopped = true;
  }
};

// `key=value@create/mod v version`, in the order of the answer.
inline std::string text_of(const etcdserverpb::RangeResponse& response) {
  std::string out;
  for (const mvccpb::KeyValue& kv : response.kvs()) {
    if (!out.empty()) out += ' ';
    out += kv.key() + "=" + kv.value() + "@" + std::to_string(kv.create_revision()) + "/" +
           std::to_string(kv.mod_revision()) + "v" + std::to_string(kv.version());
  }
  return out;
}

}  // namespace etcd::testing
