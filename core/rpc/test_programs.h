// core/rpc/test_programs.h: small services, calls and a client without manners, for unit tests on io/sim.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/rpc/client.h"
#include "core/rpc/http.h"
#include "core/rpc/server.h"
#include "io/sim/simulation.h"
#include "io/sim/test_programs.h"

namespace rpc::testing {

using namespace std::chrono_literals;

// Remembers everything that happens to it.
struct TestCall final : ClientCall {
  void on_message(std::string_view message) override {
    messages.emplace_back(message);
    if (after_message) after_message();
  }
  void on_status(const Status& ended) override {
    ++status_count;
    status = ended;
    if (after_status) after_status();
  }
  void on_room() override { ++rooms; }

  bool done() const { return status.has_value(); }
  bool ok() const { return status && status->code == StatusCode::ok; }

  std::vector<std::string> messages;
  std::optional<Status> status;
  int status_count = 0;
  int rooms = 0;
  std::function<void()> after_message;
  std::function<void()> after_status;
};

struct TestListener final : ChannelListener {
  void on_connected() override { ++connected; }
  void on_disconnected(const base::Error& error) override {
    ++disconnected;
    why = error;
    if (after_disconnect) after_disconnect();
  }
  int connected = 0;
  int disconnected = 0;
  base::Error why{base::Code::io, ""};
  std::function<void()> after_disconnect;
};

// Runs a function for each request.
struct TestUnary final : UnaryHandler {
  using Action = std::function<void(UnaryCall&, std::string_view)>;
  explicit TestUnary(Action run) : action(std::move(run)) {}
  void handle(UnaryCall& call, std::string_view request) override {
    ++count;
    action(call, request);
  }
  Action action;
  int count = 0;
};

// Keeps every call until it is told what to say.
struct Keeper final : UnaryHandler {
  struct Kept final : CallCancelled {
    void on_cancelled() override {
      call = nullptr;
      keeper->cancelled.push_back(request);
    }
    Keeper* keeper = nullptr;
    UnaryCall* call = nullptr;  // null once it is gone
    std::string request;
  };
  void handle(UnaryCall& call, std::string_view request) override {
    kept.emplace_back();
    kept.back().keeper = this;
    kept.back().call = &call;
    kept.back().request = request;
    call.on_cancel(kept.back());
  }
  void answer_all() {
    for (Kept& each : kept) {
      if (each.call != nullptr) std::exchange(each.call, nullptr)->respond(each.request);
    }
  }
  std::deque<Kept> kept;
  std::vector<std::string> cancelled;
};

// Sends every message back; ends with OK at the client's half-close, or with what a message `end:TEXT` says.
struct EchoStreams final : StreamHandler {
  struct Receiver final : StreamReceiver {
    void on_message(std::string_view message) override {
      if (message.starts_with("end:")) {
        is_open = false;
        return call->finish({StatusCode::aborted, std::string(message.substr(4))});
      }
      call->send(message);
    }
    void on_half_close() override {
      is_open = false;
      call->finish({});
    }
    void on_room() override { ++rooms; }
    void on_cancelled() override {
      is_open = false;
      ++cancels;
    }
    StreamCall* call = nullptr;
    bool is_open = true;
    int rooms = 0;
    int cancels = 0;
  };
  StreamReceiver* open(StreamCall& call) override {
    if (call.metadata("refuse")) {
      call.finish({StatusCode::permission_denied, "refused in open()"});
      return nullptr;
    }
    receivers.emplace_back();
    receivers.back().call = &call;
    return &receivers.back();
  }
  std::deque<Receiver> receivers;
};

// Answers with what it was asked for.
struct EchoPage final : HttpHandler {
  void handle(HttpCall& call) override {
    ++count;
    const HttpRequest& request = call.request();
    HttpResponse response;
    response.body = request.method + ' ' + request.path + '?' + request.query + ' ' + request.body;
    call.respond(std::move(response));
  }
  int count = 0;
};

// `size` bytes.
struct LargePage final : HttpHandler {
  void handle(HttpCall& call) override {
    ++count;
    HttpResponse response;
    response.body = std::string(std::stoul(call.request().parameter("size").value_or("0")), 'x');
    call.respond(std::move(response));
  }
  int count = 0;
};

// Keeps every call until it is told to answer with its query.
struct PageKeeper final : HttpHandler {
  struct Kept final : CallCancelled {
    void on_cancelled() override {
      call = nullptr;
      is_cancelled = true;
    }
    HttpCall* call = nullptr;  // null once it is gone
    bool is_cancelled = false;
  };
  void handle(HttpCall& call) override {
    kept.emplace_back();
    kept.back().call = &call;
    call.on_cancel(kept.back());
  }
  void answer_all() {
    for (Kept& each : kept) {
      if (each.call == nullptr) continue;
      HttpCall& call = *std::exchange(each.call, nullptr);
      HttpResponse response;
      response.body = call.request().query;
      call.respond(std::move(response));
    }
  }
  std::deque<Kept> kept;
};

// A server on one machine, and another machine to call from.
struct Cluster {
  explicit Cluster(ServerOptions options = {}, std::uint64_t seed = 1)
      : sim(seed), server_node(sim.add_node("server")), client_node(sim.add_node("client")) {
    server = std::make_unique<Server>(server_node.world(), options);
    server->add_unary("/test.Echo/Unary", echo);
    server->add_unary("/test.Echo/Keep", keeper);
    server->add_unary("/test.Echo/Fail", failing);
    server->add_unary("/test.Echo/Large", large);
    server->add_stream("/test.Echo/Stream", streams);
    server->add_http("/echo", echo_page);
    server->add_http("/large", large_page);
    server->add_http("/keep", page_keeper);
    const base::Result<io::Address> address = server->listen({"", kPort});
    REQUIRE(address.has_value());
    CHECK_EQ(address->port, kPort);
  }
  ~Cluster() {
    channels.clear();
    server.reset();
  }

  Channel& dial(TestListener* listener = nullptr, ChannelOptions options = {}) {
    channels.push_back(std::make_unique<Channel>(client_node.world(), io::Address{"server", kPort}, options, listener));
    return *channels.back();
  }
  template <typename Predicate>
  bool until(Predicate&& predicate, base::Duration at_most = 5s) {
    return sim.run_until(std::forward<Predicate>(predicate), at_most);
  }
  base::Instant client_now() const { return client_node.world().clock.now(); }

  static constexpr std::uint16_t kPort = 2379;
  io::sim::Simulation sim;
  io::sim::Node& server_node;
  io::sim::Node& client_node;
  TestUnary echo{[](UnaryCall& call, std::string_view request) { call.respond(request); }};
  TestUnary failing{[](UnaryCall& call, std::string_view request) { call.fail({StatusCode::failed_precondition, std::string(request)}); }};
  TestUnary large{[](UnaryCall& call, std::string_view request) { call.respond(std::string(std::stoul(std::string(request)), 'x')); }};
  Keeper keeper;
  EchoStreams streams;
  EchoPage echo_page;
  LargePage large_page;
  PageKeeper page_keeper;
  std::unique_ptr<Server> server;
  std::vector<std::unique_ptr<Channel>> channels;
};

// --- a client that writes its own frames (RFC 9113 §4.1) ---

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream_id = 0;
  std::string payload;
};

inline constexpr std::uint8_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoaway = 7, kWindowUpdate = 8;
inline constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4;
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string big_endian(std::uint64_t value, int width) {
  std::string bytes;
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> static_cast<unsigned>(shift)));
  return bytes;
}

inline std::string encode(const Frame& frame) {
  return big_endian(frame.payload.size(), 3) + static_cast<char>(frame.type) + static_cast<char>(frame.flags) + big_endian(frame.stream_id, 4) +
         frame.payload;
}

inline std::vector<Frame> decode_frames(std::string_view bytes) {
  const auto number = [&](std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + width; ++i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
    return value;
  };
  std::vector<Frame> frames;
  while (bytes.size() >= 9 && bytes.size() >= 9 + number(0, 3)) {
    const std::size_t size = number(0, 3);
    frames.push_back({static_cast<std::uint8_t>(bytes[3]), static_cast<std::uint8_t>(bytes[4]), number(5, 4), std::string(bytes.substr(9, size))});
    bytes.remove_prefix(9 + size);
  }
  return frames;
}

// Literal header fields without indexing (RFC 7541 §6.2.2); names and values below 127 bytes.
inline std::string header_block(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string block;
  for (const auto& [name, value] : headers) {
    block += '\0';
    block += static_cast<char>(name.size());
    block += name;
    block += static_cast<char>(value.size());
    block += value;
  }
  return block;
}

inline std::vector<std::pair<std::string, std::string>> request_headers(const std::string& path) {
  return {{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "server"}, {"content-type", "application/grpc"}, {"te", "trailers"}};
}

struct RawClient {
  explicit RawClient(Cluster& cluster_) : cluster(cluster_) {
    peer.stream = cluster.client_node.world().network.connect({"server", Cluster::kPort}, peer);
    REQUIRE(cluster.until([&] { return peer.is_connected; }));
  }
  void send(const Frame& frame) { peer.send(encode(frame)); }
  void hello() {
    peer.send(kPreface);
    send({kSettings, 0, 0, ""});
  }
  void request(std::uint32_t stream_id, const std::vector<std::pair<std::string, std::string>>& headers, std::string_view message, bool end = true) {
    send({kHeaders, kEndHeaders, stream_id, header_block(headers)});
    send({kData, end ? kEndStream : std::uint8_t{0}, stream_id, '\0' + big_endian(message.size(), 4) + std::string(message)});
  }
  std::vector<Frame> frames(std::uint8_t type) const {
    std::vector<Frame> found;
    for (const Frame& frame : decode_frames(peer.received)) {
      if (frame.type == type) found.push_back(frame);
    }
    return found;
  }
  bool is_over() const { return peer.finished || peer.closed; }

  Cluster& cluster;
  io::sim::testing::TestPeer peer;
};

}  // namespace rpc::testing
