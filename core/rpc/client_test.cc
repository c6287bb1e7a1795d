#include "core/rpc/client.h"

#include <doctest/doctest.h>

#include "core/rpc/test_programs.h"

namespace rpc::testing {

TEST_CASE("a channel tells that it is connected once the server has answered") {
  Cluster cluster;
  TestListener listener;
  Channel& channel = cluster.dial(&listener);
  CHECK_FALSE(channel.is_connected());
  CHECK_FALSE(channel.is_closed());
  REQUIRE(cluster.until([&] { return listener.connected == 1; }));
  CHECK(channel.is_connected());
}

TEST_CASE("nobody listens: calls are UNAVAILABLE, and the listener hears why, last") {
  Cluster cluster;
  cluster.server.reset();
  TestListener listener;
  Channel& channel = cluster.dial(&listener);
  TestCall call, stream;
  channel.unary("/test.Echo/Unary", "x", {}, call);
  channel.open_stream("/test.Echo/Stream", {}, stream);
  listener.after_disconnect = [&] { CHECK((call.done() && stream.done())); };
  REQUIRE(cluster.until([&] { return listener.disconnected == 1; }));
  CHECK_EQ(call.status->code, StatusCode::unavailable);
  CHECK_EQ(call.status->message.substr(0, 18), "connection error: ");
  CHECK(channel.is_closed());
  CHECK_EQ(channel.unsent_bytes(), 0);

  TestCall after;
  channel.unary("/test.Echo/Unary", "x", {}, after);
  CHECK_FALSE(after.done());
  REQUIRE(cluster.until([&] { return after.done(); }));
  CHECK_EQ(after.status->code, StatusCode::unavailable);
  CHECK_EQ(listener.disconnected, 1);
}

TEST_CASE("a connection that does not come about times out") {
  Cluster cluster;
  cluster.sim.network().cut(cluster.server_node.host(), cluster.client_node.host());
  TestListener listener;
  ChannelOptions options;
  options.connect_timeout = 2s;
  TestCall call;
  cluster.dial(&listener, options).unary("/test.Echo/Unary", "x", {}, call);
  CHECK_FALSE(cluster.until([&] { return call.done(); }, 1900ms));
  CHECK(cluster.until([&] { return call.done(); }, 200ms));
  CHECK_EQ(call.status->code, StatusCode::unavailable);
  CHECK_EQ(listener.disconnected, 1);
}

TEST_CASE("a deadline ends a call here, whatever the server does, and a past one at once") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  TestCall late, past, in_time;
  CallOptions options;
  options.deadline = cluster.client_now() + 500ms;
  channel.unary("/test.Echo/Unary", "x", options, in_time);
  REQUIRE(cluster.until([&] { return in_time.done(); }));
  CHECK(in_time.ok());
  cluster.sim.network().cut(cluster.server_node.host(), cluster.client_node.host());
  channel.unary("/test.Echo/Keep", "x", options, late);
  CHECK_FALSE(cluster.until([&] { return late.done(); }, 400ms));
  CHECK(cluster.until([&] { return late.done(); }, 200ms));
  CHECK_EQ(*late.status, Status{StatusCode::deadline_exceeded, "context deadline exceeded"});
  REQUIRE(cluster.until([&] { return cluster.keeper.cancelled.size() == 1; }));
  channel.unary("/test.Echo/Unary", "x", options, past);
  CHECK_FALSE(past.done());
  REQUIRE(cluster.until([&] { return past.done(); }, 1ms));
  CHECK_EQ(past.status->code, StatusCode::deadline_exceeded);
}

TEST_CASE("a call ends exactly once, and may be used again from within its end") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  TestCall call;
  int rounds = 0;
  call.after_status = [&] {
    if (++rounds < 50) channel.unary("/test.Echo/Unary", std::to_string(rounds), {}, call);
  };
  channel.unary("/test.Echo/Unary", "0", {}, call);
  REQUIRE(cluster.until([&] { return rounds == 50; }));
  CHECK_EQ(call.status_count, 50);
  CHECK_EQ(call.messages.size(), 50);
}

TEST_CASE("a call may be cancelled from within its message") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  TestCall call;
  call.after_message = [&] { channel.cancel(call); };
  channel.open_stream("/test.Echo/Stream", {}, call);
  channel.send(call, "one");
  channel.send(call, std::string(100'000, 'x'));
  REQUIRE(cluster.until([&] { return !cluster.streams.receivers.empty() && cluster.streams.receivers[0].cancels == 1; }));
  CHECK_EQ(call.messages.size(), 1);
  CHECK_EQ(call.status_count, 0);
  channel.cancel(call);  // no effect
}

TEST_CASE("a channel may be destroyed from within any of its callbacks") {
  const std::vector<std::string> places = {"message", "status", "disconnect", "refusal"};
  for (const std::string& place : places) {
    CAPTURE(place);
    Cluster cluster;
    TestListener listener;
    auto channel = std::make_unique<Channel>(cluster.client_node.world(), io::Address{"server", Cluster::kPort}, ChannelOptions{}, &listener);
    TestCall call, other, refused;
    const auto destroy = [&] { channel.reset(); };
    if (place == "message") call.after_message = destroy;
    if (place == "status") call.after_status = destroy;
    if (place == "disconnect") listener.after_disconnect = destroy;
    if (place == "refusal") refused.after_status = destroy;
    channel->unary("/test.Echo/Unary", "x", {}, call);
    channel->unary("/test.Echo/Unary", "y", {}, other);
    if (place == "refusal") {
      CallOptions past;
      past.deadline = base::Instant();
      channel->unary("/test.Echo/Unary", "z", past, refused);
    }
    if (place == "disconnect") {
      REQUIRE(cluster.until([&] { return other.done(); }));
      cluster.server.reset();
    }
    REQUIRE(cluster.until([&] { return channel == nullptr; }));
    CHECK_FALSE(call.handle.is_open());
    CHECK_FALSE(other.handle.is_open());
    cluster.sim.run_for(1s);
    CHECK_EQ(other.status_count, place == "disconnect" ? 1 : 0);
  }
}

TEST_CASE("a destroyed call is cancelled") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  {
    TestCall call;
    channel.unary("/test.Echo/Keep", "x", {}, call);
    REQUIRE(cluster.until([&] { return !cluster.keeper.kept.empty(); }));
  }
  REQUIRE(cluster.until([&] { return cluster.keeper.cancelled.size() == 1; }));
  auto orphan = std::make_unique<TestCall>();
  channel.unary("/test.Echo/Keep", "x", {}, *orphan);
  cluster.channels.clear();
  CHECK_FALSE(orphan->handle.is_open());
}

TEST_CASE("an answer above the client's limit is refused") {
  Cluster cluster;
  ChannelOptions options;
  options.receive_bytes_max = 1000;
  Channel& channel = cluster.dial(nullptr, options);
  TestCall call, after;
  channel.unary("/test.Echo/Large", "1001", {}, call);
  channel.unary("/test.Echo/Large", "1000", {}, after);
  REQUIRE(cluster.until([&] { return call.done() && after.done(); }));
  CHECK_EQ(*call.status, Status{StatusCode::resource_exhausted, "grpc: received message larger than max (1001 vs. 1000)"});
  CHECK(after.ok());
}

TEST_CASE("a paused call holds its sender back at the window, and others run on") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  TestCall paused, other;
  channel.open_stream("/test.Echo/Stream", {}, paused);
  channel.pause_receiving(paused, true);
  const std::string chunk(100'000, 'x');
  for (int i = 0; i < 50; ++i) channel.send(paused, chunk);
  REQUIRE(cluster.until([&] { return !paused.messages.empty(); }));
  cluster.sim.run_for(2s);
  CHECK_LE(paused.messages.size() * chunk.size(), kStreamWindowBytes);
  channel.unary("/test.Echo/Unary", "x", {}, other);
  REQUIRE(cluster.until([&] { return other.done(); }));
  channel.pause_receiving(paused, false);
  channel.half_close(paused);
  REQUIRE(cluster.until([&] { return paused.done(); }));
  CHECK_EQ(paused.messages.size(), 50);
}

TEST_CASE("a channel with a small window holds its servers back sooner") {
  Cluster cluster;
  ChannelOptions options;
  options.stream_window_bytes = 5'000;
  Channel& channel = cluster.dial(nullptr, options);
  TestCall paused;
  channel.open_stream("/test.Echo/Stream", {}, paused);
  channel.pause_receiving(paused, true);
  const std::string chunk(1'000, 'x');
  for (int i = 0; i < 50; ++i) channel.send(paused, chunk);
  REQUIRE(cluster.until([&] { return !paused.messages.empty(); }));
  cluster.sim.run_for(2s);
  CHECK_LE(paused.messages.size() * chunk.size(), options.stream_window_bytes);
  channel.pause_receiving(paused, false);
  channel.half_close(paused);
  REQUIRE(cluster.until([&] { return paused.done(); }));
  CHECK_EQ(paused.messages.size(), 50);
}

TEST_CASE("a server that pauses a stream holds its client back") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  TestCall call;
  channel.open_stream("/test.Echo/Stream", {}, call);
  REQUIRE(cluster.until([&] { return !cluster.streams.receivers.empty(); }));
  StreamCall& server_side = *cluster.streams.receivers[0].call;
  server_side.pause_receiving(true);
  const std::string chunk(100'000, 'x');
  for (int i = 0; i < 50; ++i) channel.send(call, chunk);
  cluster.sim.run_for(2s);
  CHECK_LE(call.messages.size() * chunk.size(), kStreamWindowBytes);
  CHECK_GT(channel.queued_bytes(call), 3'000'000);
  CHECK_GE(channel.unsent_bytes(), channel.queued_bytes(call));
  server_side.pause_receiving(false);
  channel.half_close(call);
  REQUIRE(cluster.until([&] { return call.done(); }));
  CHECK_EQ(call.messages.size(), 50);
}

TEST_CASE("what is not a gRPC server is UNAVAILABLE") {
  for (const std::string_view answer : {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "\x16\x03\x01\x02", ""}) {
    CAPTURE(answer);
    io::sim::Simulation sim(1);
    io::sim::Node& server = sim.add_node("server");
    io::sim::Node& client = sim.add_node("client");
    io::sim::testing::TestServer other;
    other.listener = std::move(*server.world().network.listen({"", 80}, other));
    {
      TestListener listener;
      Channel channel(client.world(), {"server", 80}, {}, &listener);
      TestCall call;
      channel.unary("/test.Echo/Unary", "x", {}, call);
      REQUIRE(sim.run_until([&] { return !other.peers.empty(); }, 5s));
      other.peers[0]->send(answer);
      if (answer.empty()) other.peers[0]->stream->finish();
      REQUIRE(sim.run_until([&] { return listener.disconnected == 1; }, 6s));
      CHECK_EQ(call.status->code, StatusCode::unavailable);
      CHECK_EQ(listener.connected, 0);
    }
    other.peers.clear();
    other.listener.reset();
  }
}

}  // namespace rpc::testing
