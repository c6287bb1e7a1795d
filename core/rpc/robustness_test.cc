// What clients do wrong, slowly, or too often; and what the network does to all of them.
#include <doctest/doctest.h>

#include "core/rpc/test_programs.h"
#include "property_tests/property.h"

namespace rpc::testing {

TEST_CASE("a client that does not take its answers is not served beyond a bound, and hinders nobody") {
  ServerOptions options;
  options.output_bytes_max = 4U << 20U;
  Cluster cluster(options);
  RawClient slow(cluster);
  slow.peer.stream->pause_reading(true);
  slow.hello();
  slow.send({kWindowUpdate, 0, 0, big_endian(0x7FFF0000, 4)});
  slow.send({kSettings, 0, 0, big_endian(4, 2) + big_endian(0x7FFFFFFF, 4)});  // INITIAL_WINDOW_SIZE
  constexpr int kRequests = 100;
  for (std::uint32_t i = 0; i < kRequests; ++i) slow.request(2 * i + 1, request_headers("/test.Echo/Large"), "1000000");
  cluster.sim.run_for(5s);
  CHECK_GE(cluster.large.count, 4);
  CHECK_LE(cluster.large.count, 6);

  TestCall call;
  cluster.dial().unary("/test.Echo/Unary", "x", {}, call);
  REQUIRE(cluster.until([&] { return call.done(); }, 100ms));
  CHECK(call.ok());

  slow.peer.stream->pause_reading(false);
  REQUIRE(cluster.until([&] { return slow.peer.received.size() > kRequests * 1'000'000U; }, 60s));
  cluster.sim.run_for(1s);
  CHECK_EQ(cluster.large.count, kRequests);
}

TEST_CASE("a client that opens no window has its calls parked, and still can open it") {
  ServerOptions options;
  options.output_bytes_max = 4U << 20U;
  Cluster cluster(options);
  Channel& channel = cluster.dial();
  std::deque<TestCall> calls(20);
  for (TestCall& call : calls) {
    channel.unary("/test.Echo/Large", "3000000", {}, call);
    channel.pause_receiving(call, true);
  }
  TestCall doomed;
  channel.unary("/test.Echo/Large", "3000000", {}, doomed);
  cluster.sim.run_for(5s);
  CHECK_LT(cluster.large.count, 10);
  for (const TestCall& call : calls) CHECK_FALSE(call.done());
  channel.cancel(doomed);  // while it is parked
  for (TestCall& call : calls) channel.pause_receiving(call, false);
  REQUIRE(cluster.until([&] { return std::all_of(calls.begin(), calls.end(), [](const TestCall& call) { return call.done(); }); }, 60s));
  for (const TestCall& call : calls) CHECK(call.ok());
  CHECK_EQ(cluster.large.count, 20);
}

TEST_CASE("more calls than may be parked are refused, and have had no effect") {
  ServerOptions options;
  options.output_bytes_max = 1000;
  Cluster cluster(options);
  Channel& channel = cluster.dial();
  TestCall first;
  channel.unary("/test.Echo/Large", "3000000", {}, first);
  channel.pause_receiving(first, true);
  REQUIRE(cluster.until([&] { return cluster.large.count == 1; }));
  cluster.sim.run_for(1s);
  std::deque<TestCall> calls(1100);
  for (TestCall& call : calls) channel.unary("/test.Echo/Unary", "x", {}, call);
  cluster.sim.run_for(1s);
  CHECK_EQ(std::count_if(calls.begin(), calls.end(), [](const TestCall& call) { return call.done(); }), 100);
  for (const TestCall& call : calls) {
    if (call.done()) CHECK_EQ(call.status->code, StatusCode::unavailable);
  }
  channel.pause_receiving(first, false);
  REQUIRE(cluster.until([&] { return std::all_of(calls.begin(), calls.end(), [](const TestCall& call) { return call.done(); }); }));
  CHECK_EQ(cluster.echo.count, 1000);
}

TEST_CASE("a deadline reaches a parked call, whose handler never hears of it") {
  ServerOptions options;
  options.output_bytes_max = 1000;
  Cluster cluster(options);
  RawClient client(cluster);
  client.hello();
  client.request(1, request_headers("/test.Echo/Large"), "3000000");
  REQUIRE(cluster.until([&] { return cluster.large.count == 1; }));
  cluster.sim.run_for(100ms);
  auto headers = request_headers("/test.Echo/Unary");
  headers.emplace_back("grpc-timeout", "1S");
  client.request(3, headers, "x");
  cluster.sim.run_for(500ms);
  CHECK_EQ(client.frames(kHeaders).size(), 1);
  cluster.sim.run_for(600ms);
  CHECK_EQ(client.frames(kHeaders).size(), 2);
  CHECK_EQ(cluster.echo.count, 0);
}

TEST_CASE("an early answer stops the rest of the request") {
  ServerOptions options;
  options.receive_bytes_max = 10;
  Cluster cluster(options);
  RawClient client(cluster);
  client.hello();
  client.request(1, request_headers("/test.Echo/Unary"), "0123456789 and more", false);
  REQUIRE(cluster.until([&] { return !client.frames(kReset).empty(); }));
  CHECK_EQ(client.frames(kReset)[0].payload, big_endian(0, 4));  // NO_ERROR
  CHECK_EQ(client.frames(kHeaders).size(), 1);
  CHECK_EQ(client.frames(kHeaders)[0].flags & kEndStream, kEndStream);
}

TEST_CASE("wrong requests get the answer of their kind, and the connection lives on") {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const auto with = [](std::string name, std::string value) {
    Headers headers = request_headers("/test.Echo/Unary");
    headers.emplace_back(std::move(name), std::move(value));
    return headers;
  };
  const auto without = [](std::string_view name) {
    Headers headers = request_headers("/test.Echo/Unary");
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    return headers;
  };
  Headers json = without("content-type");
  json.emplace_back("content-type", "application/json");
  Headers almost = without("content-type");
  almost.emplace_back("content-type", "application/grpcish");
  Headers get = request_headers("/test.Echo/Unary");
  get[0].second = "GET";
  // The first byte of each answer's header block is its status: 200 is in HPACK's static table, 4xx is spelled out.
  struct Case { std::string_view name; Headers headers; bool is_200; };
  const Case cases[] = {
      {"not gRPC", json, false},          {"not quite gRPC", almost, false},           {"no content type", without("content-type"), false},
      {"not POST", get, false},           {"compressed", with("grpc-encoding", "gzip"), true}, {"malformed timeout", with("grpc-timeout", "soon"), true},
      {"no time", with("grpc-timeout", "0n"), true}, {"unknown path", request_headers("/nowhere"), true},
  };
  Cluster cluster;
  RawClient client(cluster);
  client.hello();
  std::uint32_t stream_id = 1;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    client.peer.received.clear();
    client.request(stream_id, c.headers, "x");
    REQUIRE(cluster.until([&] { return !client.frames(kHeaders).empty(); }));
    const Frame answer = client.frames(kHeaders)[0];
    CHECK_EQ(answer.stream_id, stream_id);
    CHECK_EQ(answer.flags & kEndStream, kEndStream);
    CHECK_EQ(answer.payload[0] == '\x88', c.is_200);
    CHECK_EQ(cluster.echo.count, 0);
    stream_id += 2;
  }
  client.request(stream_id, with("grpc-encoding", "identity"), "x");
  REQUIRE(cluster.until([&] { return cluster.echo.count == 1; }));
}

TEST_CASE("a URL for an authority, as etcdctl 3.4 sends it, is no reason to refuse a call") {
  Cluster cluster;
  RawClient client(cluster);
  client.hello();
  auto headers = request_headers("/test.Echo/Unary");
  headers[3].second = "http://127.0.0.1:2379";
  client.request(1, headers, "x");
  REQUIRE(cluster.until([&] { return cluster.echo.count == 1; }));
  CHECK(client.frames(kReset).empty());
}

TEST_CASE("a request that ends too soon, or is compressed, or garbled, never reaches its handler") {
  struct Case { std::string_view name, data; };
  const Case cases[] = {{"no message", {}},
                        {"half a prefix", {"\0\0\0", 3}},
                        {"half a message", {"\0\0\0\0\3ab", 7}},
                        {"compressed", {"\1\0\0\0\1x", 6}},
                        {"garbled", {"\7\0\0\0\1x", 6}}};
  Cluster cluster;
  RawClient client(cluster);
  client.hello();
  std::uint32_t stream_id = 1;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    client.peer.received.clear();
    client.send({kHeaders, kEndHeaders, stream_id, header_block(request_headers("/test.Echo/Unary"))});
    client.send({kData, kEndStream, stream_id, std::string(c.data)});
    REQUIRE(cluster.until([&] { return !client.frames(kHeaders).empty(); }));
    CHECK_EQ(client.frames(kHeaders)[0].flags & kEndStream, kEndStream);
    stream_id += 2;
  }
  CHECK_EQ(cluster.echo.count, 0);
}

TEST_CASE("too much metadata is refused, and the connection lives on") {
  Cluster cluster;
  RawClient client(cluster);
  client.hello();
  auto headers = request_headers("/test.Echo/Unary");
  std::string block = header_block(headers);
  for (int i = 0; i < 600; ++i) block += header_block({{"x", std::string(100, 'y')}});
  client.send({kHeaders, 0, 1, block.substr(0, 16'000)});
  for (std::size_t at = 16'000; at < block.size(); at += 16'000) {
    const bool is_last = at + 16'000 >= block.size();
    client.send({9, is_last ? kEndHeaders : std::uint8_t{0}, 1, block.substr(at, 16'000)});  // CONTINUATION
  }
  REQUIRE(cluster.until([&] { return !client.frames(kHeaders).empty(); }));
  CHECK_EQ(client.frames(kHeaders)[0].flags & kEndStream, kEndStream);
  client.request(3, headers, "x");
  REQUIRE(cluster.until([&] { return cluster.echo.count == 1; }));
}

TEST_CASE("pings that come too often send their client away") {
  Cluster cluster;
  RawClient client(cluster);
  client.hello();
  client.request(1, request_headers("/test.Echo/Keep"), "x");
  REQUIRE(cluster.until([&] { return !cluster.keeper.kept.empty(); }));
  for (int i = 0; i < 3; ++i) client.send({kPing, 0, 0, "12345678"});
  cluster.sim.run_for(1s);
  CHECK_EQ(client.frames(kPing).size(), 3);
  CHECK(client.frames(kGoaway).empty());
  client.send({kPing, 0, 0, "12345678"});
  REQUIRE(cluster.until([&] { return client.is_over(); }));
  REQUIRE_EQ(client.frames(kGoaway).size(), 1);
  CHECK_EQ(client.frames(kGoaway)[0].payload, big_endian(1, 4) + big_endian(11, 4) + "too_many_pings");
  CHECK_EQ(cluster.keeper.cancelled.size(), 1);
  REQUIRE(cluster.until([&] { return cluster.server->connection_count() == 0; }));
}

TEST_CASE("an idle client is pinged, and closed when it does not answer") {
  for (const bool answers : {true, false}) {
    CAPTURE(answers);
    ServerOptions options;
    options.keepalive_interval = 1min;
    Cluster cluster(options);
    RawClient client(cluster);
    client.hello();
    cluster.sim.run_for(59s);
    CHECK(client.frames(kPing).empty());
    REQUIRE(cluster.until([&] { return client.frames(kPing).size() == 1; }, 2s));
    if (answers) client.send({kPing, kAck, 0, client.frames(kPing)[0].payload});
    cluster.sim.run_for(21s);
    CHECK_EQ(client.is_over(), !answers);
    CHECK_EQ(cluster.server->connection_count(), answers ? 1 : 0);
  }
}

TEST_CASE("a client that opens and resets calls by the thousands is sent away") {
  Cluster cluster;
  RawClient client(cluster);
  client.hello();
  const std::string block = header_block(request_headers("/test.Echo/Keep"));
  for (std::uint32_t stream_id = 1; stream_id < 40'000 && !client.is_over(); stream_id += 2) {
    client.send({kHeaders, kEndHeaders, stream_id, block});
    client.send({kReset, 0, stream_id, big_endian(8, 4)});
    if (stream_id % 101 == 0) cluster.sim.run_for(2ms);
  }
  REQUIRE(cluster.until([&] { return client.is_over(); }));
  if (!client.frames(kGoaway).empty()) CHECK_EQ(client.frames(kGoaway)[0].payload.substr(4), big_endian(11, 4) + "too_many_resets");
}

TEST_CASE("whoever does not say what it speaks is closed in time") {
  struct Case { std::string_view name, bytes; };
  constexpr Case cases[] = {{"nothing", ""}, {"half a preface", "PRI * HTTP"}, {"no settings", kPreface}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Cluster cluster;
    RawClient client(cluster);
    client.peer.send(c.bytes);
    cluster.sim.run_for(9s);
    CHECK_FALSE(client.is_over());
    CHECK(cluster.until([&] { return client.is_over(); }, 2s));
    CHECK_EQ(cluster.server->connection_count(), 0);
  }
}

TEST_CASE("frames that break the rules end the connection with a GOAWAY") {
  struct Case { std::string_view name; std::string bytes; };
  const Case cases[] = {
      {"a frame above the agreed size", big_endian(1'000'000, 3) + std::string("\0\0", 2) + big_endian(1, 4)},
      {"data on stream 0", encode({kData, 0, 0, "x"})},
      {"data on a stream that never was", encode({kData, 0, 5, "x"})},
      {"a ping of seven bytes", encode({kPing, 0, 0, "1234567"})},
      {"settings on a stream", encode({kSettings, 0, 1, ""})},
      {"a broken header block", encode({kHeaders, kEndHeaders, 1, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF"})},
      {"a window that overflows", encode({kWindowUpdate, 0, 0, big_endian(0x7FFFFFFF, 4)}) + encode({kWindowUpdate, 0, 0, big_endian(0x7FFFFFFF, 4)})},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Cluster cluster;
    RawClient client(cluster);
    client.hello();
    client.peer.send(c.bytes);
    REQUIRE(cluster.until([&] { return client.is_over(); }));
    CHECK_EQ(client.frames(kGoaway).size(), 1);
    client.peer.stream->finish();
    CHECK(cluster.until([&] { return cluster.server->connection_count() == 0; }));
  }
}

PROPERTY("random bytes never hurt the server, and leave nothing behind") {
  property_tests::property("garbage, then a call by somebody else", [](std::uint64_t seed) {
    Cluster cluster({}, seed);
    const bool has_preface = *rc::gen::arbitrary<bool>();
    std::string bytes;
    if (has_preface) bytes = std::string(kPreface) + encode({kSettings, 0, 0, ""});
    for (const std::uint8_t kind : *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>())) {
      const auto payload = *rc::gen::arbitrary<std::string>();
      const auto flags = *rc::gen::arbitrary<std::uint8_t>();
      const auto stream_id = *rc::gen::inRange<std::uint32_t>(0, 6);
      const std::string block = header_block(request_headers("/test.Echo/Unary"));
      switch (kind % 4U) {
        case 0: bytes += payload; break;
        case 1: bytes += encode({static_cast<std::uint8_t>(kind / 4U % 11U), flags, stream_id, payload}); break;
        case 2: bytes += encode({kHeaders, kEndHeaders, stream_id, block}); break;
        default: bytes += encode({kData, flags, stream_id, std::string("\0\0\0\0\1x", 6)}); break;
      }
    }
    RawClient client(cluster);
    client.peer.send(bytes);
    cluster.sim.run_for(20ms);
    TestCall call;
    cluster.dial().unary("/test.Echo/Unary", "x", {}, call);
    RC_ASSERT(cluster.until([&] { return call.done(); }));
    RC_ASSERT(call.ok());
    cluster.channels.clear();
    client.peer.stream->finish();
    RC_ASSERT(cluster.until([&] { return cluster.server->connection_count() == 0; }, 15s));
  });
}

// Everything that the links may do short of losing the connection.
void make_links_difficult(Cluster& cluster) {
  io::sim::LinkFaults faults;
  faults.split_per_million = 500'000;
  faults.stall_per_million = 20'000;
  faults.stall_last = 50ms;
  faults.latency.tail_per_million = 100'000;
  cluster.sim.network().set_all_faults(faults);
}

struct Mix {
  explicit Mix(Cluster& cluster) : channel(cluster.dial()) {
    for (int i = 0; i < 60; ++i) {
      calls.emplace_back();
      switch (i % 4) {
        case 0: channel.unary("/test.Echo/Unary", std::string(static_cast<std::size_t>(i) * 3000, 'u'), {}, calls.back()); break;
        case 1: channel.unary("/test.Echo/Large", std::to_string(i * 5000), {}, calls.back()); break;
        case 2: channel.unary("/test.Echo/Fail", "failed", {}, calls.back()); break;
        default:
          channel.open_stream("/test.Echo/Stream", {}, calls.back());
          for (int j = 0; j < i; ++j) channel.send(calls.back(), std::to_string(j));
          channel.half_close(calls.back());
          break;
      }
    }
  }
  bool done() const {
    return std::all_of(calls.begin(), calls.end(), [](const TestCall& call) { return call.done(); });
  }
  Channel& channel;
  std::deque<TestCall> calls;
};

TEST_CASE("calls do not depend on how the network cuts and delays their bytes") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Cluster cluster({}, seed);
    make_links_difficult(cluster);
    Mix mix(cluster);
    REQUIRE(cluster.until([&] { return mix.done(); }, 60s));
    for (std::size_t i = 0; i < mix.calls.size(); ++i) {
      const TestCall& call = mix.calls[i];
      switch (i % 4) {
        case 0: CHECK_EQ(call.messages, std::vector<std::string>{std::string(i * 3000, 'u')}); break;
        case 1: CHECK_EQ(call.messages.at(0).size(), i * 5000); break;
        case 2: CHECK_EQ(*call.status, Status{StatusCode::failed_precondition, "failed"}); break;
        default: CHECK_EQ(call.messages.size(), i); break;
      }
      CHECK_EQ(call.status_count, 1);
    }
  }
}

TEST_CASE("resets and corrupted bytes end calls exactly once, and never the server") {
  std::uint64_t resets = 0, corruptions = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Cluster cluster({}, seed);
    io::sim::LinkFaults faults;
    (seed % 2 == 0 ? faults.reset_per_million : faults.corrupt_per_million) = 50'000;
    faults.split_per_million = 300'000;
    cluster.sim.network().set_all_faults(faults);
    std::deque<Mix> mixes;
    for (int i = 0; i < 3; ++i) mixes.emplace_back(cluster);
    cluster.sim.run_for(20s);
    for (Mix& mix : mixes) {
      for (TestCall& call : mix.calls) {
        CHECK_LE(call.status_count, 1);
        if (seed % 2 == 0) CHECK_EQ(call.status_count, 1);  // a corrupted byte may also silence a call for ever
        mix.channel.cancel(call);
      }
    }
    resets += cluster.sim.counters()[io::sim::FaultKind::network_reset];
    corruptions += cluster.sim.counters()[io::sim::FaultKind::network_corrupt];
    cluster.sim.network().set_all_faults({});
    cluster.channels.clear();
    CHECK(cluster.until([&] { return cluster.server->connection_count() == 0; }, 15s));
    for (const EchoStreams::Receiver& receiver : cluster.streams.receivers) CHECK_FALSE(receiver.is_open);
  }
  CHECK_GT(resets, 10);
  CHECK_GT(corruptions, 10);
}

TEST_CASE("one seed, one run") {
  const auto digest = [](std::uint64_t seed) {
    Cluster cluster({}, seed);
    make_links_difficult(cluster);
    Mix mix(cluster);
    REQUIRE(cluster.until([&] { return mix.done(); }, 60s));
    return cluster.sim.digest();
  };
  const base::Hash128 first = digest(7);
  CHECK((digest(7) == first));
  CHECK((digest(8) != first));
}

}  // namespace rpc::testing
