#include "core/rpc/server.h"

#include <doctest/doctest.h>

#include "core/rpc/health.h"
#include "core/rpc/test_programs.h"

namespace rpc::testing {

TEST_CASE("a unary call is answered from within its handler") {
  Cluster cluster;
  TestCall call;
  cluster.dial().unary("/test.Echo/Unary", "hello", {}, call);
  CHECK(call.handle.is_open());
  REQUIRE(cluster.until([&] { return call.done(); }));
  CHECK_EQ(*call.status, Status{});
  CHECK_EQ(call.messages, std::vector<std::string>{"hello"});
  CHECK_FALSE(call.handle.is_open());
}

TEST_CASE("a kept call is answered on a later turn") {
  Cluster cluster;
  TestCall call;
  cluster.dial().unary("/test.Echo/Keep", "later", {}, call);
  REQUIRE(cluster.until([&] { return !cluster.keeper.kept.empty(); }));
  CHECK_FALSE(cluster.until([&] { return call.done(); }, 3s));
  cluster.keeper.answer_all();
  REQUIRE(cluster.until([&] { return call.done(); }));
  CHECK_EQ(call.messages, std::vector<std::string>{"later"});
}

TEST_CASE("a failure carries its code and text, whatever the bytes") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  for (const std::string text : {"etcdserver: key is not provided", "100 % caf\xC3\xA9\n", ""}) {
    TestCall call;
    channel.unary("/test.Echo/Fail", text, {}, call);
    REQUIRE(cluster.until([&] { return call.done(); }));
    CHECK_EQ(*call.status, Status{StatusCode::failed_precondition, text});
    CHECK(call.messages.empty());
  }
}

TEST_CASE("an empty message is a message") {
  Cluster cluster;
  TestCall call;
  cluster.dial().unary("/test.Echo/Unary", "", {}, call);
  REQUIRE(cluster.until([&] { return call.done(); }));
  CHECK(call.ok());
  CHECK_EQ(call.messages, std::vector<std::string>{""});
}

TEST_CASE("unknown paths are UNIMPLEMENTED in the words of grpc-go") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  struct Case { std::string_view path, message; };
  constexpr Case cases[] = {{"/test.Echo/Fly", "unknown method Fly for service test.Echo"}, {"/test.Nobody/Unary", "unknown service test.Nobody"}};
  for (const Case& c : cases) {
    TestCall call;
    channel.unary(c.path, "x", {}, call);
    REQUIRE(cluster.until([&] { return call.done(); }));
    CHECK_EQ(*call.status, Status{StatusCode::unimplemented, std::string(c.message)});
  }
}

TEST_CASE("a large answer crosses many windows") {
  Cluster cluster;
  TestCall call;
  cluster.dial().unary("/test.Echo/Large", "40000000", {}, call);
  REQUIRE(cluster.until([&] { return call.done(); }, 60s));
  CHECK(call.ok());
  REQUIRE_EQ(call.messages.size(), 1);
  CHECK_EQ(call.messages[0].size(), 40'000'000);
}

TEST_CASE("a message above the limit is refused by its announced size") {
  ServerOptions options;
  options.receive_bytes_max = 1000;
  Cluster cluster(options);
  Channel& channel = cluster.dial();
  TestCall fits, too_large, after;
  channel.unary("/test.Echo/Unary", std::string(1000, 'x'), {}, fits);
  channel.unary("/test.Echo/Unary", std::string(3'000'000, 'x'), {}, too_large);
  channel.unary("/test.Echo/Unary", "still alive", {}, after);
  REQUIRE(cluster.until([&] { return fits.done() && too_large.done() && after.done(); }));
  CHECK(fits.ok());
  CHECK_EQ(*too_large.status, Status{StatusCode::resource_exhausted, "grpc: received message larger than max (3000000 vs. 1000)"});
  CHECK(after.ok());
  CHECK_EQ(cluster.echo.count, 2);
}

TEST_CASE("a stream sends back what it gets, in order, and ends with its status") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  TestCall ended, failed;
  channel.open_stream("/test.Echo/Stream", {}, ended);
  channel.open_stream("/test.Echo/Stream", {}, failed);
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back("message " + std::to_string(i));
    channel.send(ended, expected.back());
  }
  channel.half_close(ended);
  channel.send(failed, "one");
  channel.send(failed, "end:so far");
  REQUIRE(cluster.until([&] { return ended.done() && failed.done(); }));
  CHECK_EQ(*ended.status, Status{});
  CHECK_EQ(ended.messages, expected);
  CHECK_EQ(*failed.status, Status{StatusCode::aborted, "so far"});
  CHECK_EQ(failed.messages, std::vector<std::string>{"one"});
  CHECK_GT(ended.rooms, 0);
}

TEST_CASE("a stream can be refused when it is opened") {
  Cluster cluster;
  TestCall call;
  CallOptions options;
  options.metadata = {{"refuse", ""}};
  cluster.dial().open_stream("/test.Echo/Stream", options, call);
  REQUIRE(cluster.until([&] { return call.done(); }));
  CHECK_EQ(*call.status, Status{StatusCode::permission_denied, "refused in open()"});
  CHECK(cluster.streams.receivers.empty());
}

TEST_CASE("on_room() follows once everything has been taken") {
  Cluster cluster;
  TestCall call;
  Channel& channel = cluster.dial();
  channel.open_stream("/test.Echo/Stream", {}, call);
  channel.send(call, "x");
  REQUIRE(cluster.until([&] { return !call.messages.empty(); }));
  EchoStreams::Receiver& receiver = cluster.streams.receivers.front();
  REQUIRE(cluster.until([&] { return receiver.rooms == 1; }));
  CHECK_EQ(receiver.call->queued_bytes(), 0);
  receiver.call->send("a");
  receiver.call->send("b");
  CHECK_GT(receiver.call->queued_bytes(), 0);
  REQUIRE(cluster.until([&] { return call.messages.size() == 3 && receiver.rooms == 2; }));
}

TEST_CASE("handlers see the metadata, and who calls") {
  Cluster cluster;
  std::string seen;
  cluster.echo.action = [&](UnaryCall& call, std::string_view request) {
    seen = std::string(call.metadata("token").value_or("none")) + "|" + std::string(call.metadata("trace-bin").value_or("none")) + "|" +
           std::string(call.metadata("grpc-timeout").value_or("none")) + "|" + std::string(call.metadata("empty").value_or("none"));
    CHECK_FALSE(call.deadline().has_value());
    CHECK(call.peer_text().find("client") != std::string::npos);
    CHECK_EQ(call.verified_identity(), "");
    call.respond(request);
  };
  TestCall call;
  CallOptions options;
  options.metadata = {{"token", "abc"}, {"trace-bin", std::string("\0\xFF", 2)}, {"empty", ""}};
  cluster.dial().unary("/test.Echo/Unary", "x", options, call);
  REQUIRE(cluster.until([&] { return call.done(); }));
  CHECK_EQ(seen, std::string("abc|\0\xFF|none|", 12));
}

TEST_CASE("a message that no client could receive fails the call, as grpc-go says it") {
  Cluster cluster;
  std::string room;
  room.reserve(kSendBytesMax + 1);  // never touched
  cluster.echo.action = [&](UnaryCall& call, std::string_view) { call.respond(std::string_view(room.data(), kSendBytesMax + 1)); };
  TestCall call;
  cluster.dial().unary("/test.Echo/Unary", "x", {}, call);
  REQUIRE(cluster.until([&] { return call.done(); }));
  REQUIRE(call.status.has_value());
  CHECK(call.status->code == StatusCode::resource_exhausted);
  CHECK_EQ(call.status->message, "grpc: trying to send message larger than max (2147483648 vs. 2147483647)");
}

TEST_CASE("a handler may answer other calls, and a call's end may answer the next") {
  Cluster cluster;
  cluster.echo.action = [&](UnaryCall& call, std::string_view request) {
    cluster.keeper.answer_all();
    call.respond(request);
  };
  Channel& one = cluster.dial();
  Channel& two = cluster.dial();
  TestCall kept_here, kept_there, call;
  one.unary("/test.Echo/Keep", "here", {}, kept_here);
  two.unary("/test.Echo/Keep", "there", {}, kept_there);
  REQUIRE(cluster.until([&] { return cluster.keeper.kept.size() == 2; }));
  one.unary("/test.Echo/Unary", "x", {}, call);
  REQUIRE(cluster.until([&] { return call.done() && kept_here.done() && kept_there.done(); }));
  CHECK(kept_here.ok());
  CHECK(kept_there.ok());
}

TEST_CASE("the deadline answers for a handler that is late, on the server itself") {
  Cluster cluster;
  RawClient client(cluster);
  client.hello();
  auto headers = request_headers("/test.Echo/Keep");
  headers.emplace_back("grpc-timeout", "100m");
  client.request(1, headers, "late");
  REQUIRE(cluster.until([&] { return !cluster.keeper.kept.empty(); }));
  REQUIRE(cluster.keeper.kept[0].call != nullptr);
  CHECK(cluster.keeper.kept[0].call->deadline().has_value());
  CHECK_FALSE(cluster.until([&] { return !cluster.keeper.cancelled.empty(); }, 90ms));
  CHECK(cluster.until([&] { return !cluster.keeper.cancelled.empty(); }, 20ms));
  REQUIRE(cluster.until([&] { return !client.frames(kHeaders).empty(); }));
  // What the header block says is compressed; that it ends the stream shows without a decoder.
  CHECK_EQ(client.frames(kHeaders)[0].flags & kEndStream, kEndStream);
}

TEST_CASE("a client that cancels or vanishes cancels its calls, oldest first") {
  Cluster cluster;
  Channel& channel = cluster.dial();
  TestCall a, b, c;
  channel.unary("/test.Echo/Keep", "a", {}, a);
  channel.unary("/test.Echo/Keep", "b", {}, b);
  channel.unary("/test.Echo/Keep", "c", {}, c);
  REQUIRE(cluster.until([&] { return cluster.keeper.kept.size() == 3; }));
  channel.cancel(b);
  CHECK_FALSE(b.handle.is_open());
  REQUIRE(cluster.until([&] { return cluster.keeper.cancelled.size() == 1; }));
  cluster.channels.clear();
  REQUIRE(cluster.until([&] { return cluster.keeper.cancelled.size() == 3; }));
  CHECK_EQ(cluster.keeper.cancelled, std::vector<std::string>{"b", "a", "c"});
  REQUIRE(cluster.until([&] { return cluster.server->connection_count() == 0; }));
  CHECK_EQ(a.status_count + b.status_count + c.status_count, 0);
}

TEST_CASE("a server that is destroyed cancels every open call, connection by connection") {
  Cluster cluster;
  TestCall calls[4];
  Channel& one = cluster.dial();
  one.unary("/test.Echo/Keep", "1a", {}, calls[0]);
  REQUIRE(cluster.until([&] { return cluster.keeper.kept.size() == 1; }));
  Channel& two = cluster.dial();
  two.unary("/test.Echo/Keep", "2a", {}, calls[1]);
  one.unary("/test.Echo/Keep", "1b", {}, calls[2]);
  two.open_stream("/test.Echo/Stream", {}, calls[3]);
  REQUIRE(cluster.until([&] { return cluster.keeper.kept.size() == 3 && cluster.streams.receivers.size() == 1; }));
  cluster.server.reset();
  CHECK_EQ(cluster.keeper.cancelled, std::vector<std::string>{"1a", "1b", "2a"});
  CHECK_EQ(cluster.streams.receivers[0].cancels, 1);
  REQUIRE(cluster.until([&] { return calls[0].done() && calls[1].done() && calls[2].done() && calls[3].done(); }));
  for (const TestCall& call : calls) CHECK_EQ(call.status->code, StatusCode::unavailable);
}

TEST_CASE("a handler that was given away outlives the last word to its calls, and goes with the server") {
  struct Streams final : StreamHandler {
    explicit Streams(std::vector<std::string>& told_) : told(told_) { receiver.told = &told; }
    ~Streams() { told.push_back("gone"); }
    StreamReceiver* open(StreamCall&) override { return &receiver; }
    struct Receiver final : StreamReceiver {
      void on_message(std::string_view message) override { told->emplace_back(message); }
      void on_half_close() override {}
      void on_room() override {}
      void on_cancelled() override { told->push_back("cancelled"); }
      std::vector<std::string>* told = nullptr;
    } receiver;
    std::vector<std::string>& told;
  };
  io::sim::Simulation sim(1);
  io::sim::Node& node = sim.add_node("server");
  std::vector<std::string> told;
  auto server = std::make_unique<Server>(node.world(), ServerOptions());
  server->add_stream("/test.Given/Stream", std::make_shared<Streams>(told));
  REQUIRE(server->listen({"", Cluster::kPort}).has_value());
  Channel channel(node.world(), {"server", Cluster::kPort}, {}, nullptr);
  TestCall call;
  channel.open_stream("/test.Given/Stream", {}, call);
  channel.send(call, "hello");
  REQUIRE(sim.run_until([&] { return !told.empty(); }, 5s));
  server.reset();
  CHECK_EQ(told, std::vector<std::string>{"hello", "cancelled", "gone"});
}

TEST_CASE("after a crash both ends come apart without a word") {
  for (const bool server_dies : {true, false}) {
    Cluster cluster;
    Channel& channel = cluster.dial();
    TestCall kept, stream;
    CallOptions options;
    options.deadline = cluster.client_now() + 10s;
    channel.unary("/test.Echo/Keep", "x", options, kept);
    channel.open_stream("/test.Echo/Stream", options, stream);
    channel.send(stream, std::string(1'500'000, 'x'));
    REQUIRE(cluster.until([&] { return cluster.keeper.kept.size() == 1 && cluster.streams.receivers.size() == 1; }));
    if (server_dies) {
      cluster.server_node.crash(io::sim::CrashKind::power_loss);
      cluster.server.reset();
      CHECK_EQ(cluster.keeper.cancelled.size(), 1);
    } else {
      cluster.client_node.crash(io::sim::CrashKind::power_loss);
      cluster.channels.clear();
      CHECK_EQ(kept.status_count, 0);
    }
    cluster.sim.run_for(1s);
  }
}

TEST_CASE("a draining server lets open calls end, takes no new connection, and says when it is done") {
  Cluster cluster;
  TestListener listener;
  Channel& channel = cluster.dial(&listener);
  Channel& idle = cluster.dial();
  TestCall kept, stream, late;
  channel.unary("/test.Echo/Keep", "x", {}, kept);
  channel.open_stream("/test.Echo/Stream", {}, stream);
  TestCall first;
  idle.unary("/test.Echo/Unary", "x", {}, first);
  REQUIRE(cluster.until([&] { return cluster.keeper.kept.size() == 1 && !cluster.streams.receivers.empty() && first.done(); }));
  io::sim::testing::Waiter drained;
  cluster.server->drain(drained);
  CHECK_FALSE(drained.done());
  REQUIRE(cluster.until([&] { return idle.is_closed() && channel.is_closed(); }));
  channel.unary("/test.Echo/Unary", "too late", {}, late);
  CHECK_FALSE(late.done());  // never inside the call that asked
  REQUIRE(cluster.until([&] { return late.done(); }));
  CHECK_EQ(late.status->code, StatusCode::unavailable);
  TestListener refused;
  cluster.dial(&refused);
  REQUIRE(cluster.until([&] { return refused.disconnected == 1; }));
  CHECK_FALSE(drained.done());

  cluster.keeper.answer_all();
  channel.send(stream, "still served");
  channel.half_close(stream);
  REQUIRE(cluster.until([&] { return drained.done(); }));
  CHECK(kept.ok());
  CHECK(stream.ok());
  CHECK_EQ(stream.messages.size(), 1);
  CHECK_EQ(cluster.server->connection_count(), 0);
  CHECK_EQ(listener.disconnected, 1);
  CHECK_EQ(drained.calls, 1);
}

TEST_CASE("draining an idle server is done on a later turn") {
  Cluster cluster;
  io::sim::testing::Waiter drained;
  cluster.server->drain(drained);
  CHECK_FALSE(drained.done());
  CHECK(cluster.until([&] { return drained.done(); }));
}

TEST_CASE("thousands of calls at once, over many connections") {
  Cluster cluster;
  std::deque<TestCall> calls;
  for (int connection = 0; connection < 10; ++connection) {
    Channel& channel = cluster.dial();
    for (int i = 0; i < 300; ++i) {
      calls.emplace_back();
      channel.unary(i % 2 == 0 ? "/test.Echo/Unary" : "/test.Echo/Keep", std::to_string(connection * 1000 + i), {}, calls.back());
    }
  }
  REQUIRE(cluster.until([&] { return cluster.keeper.kept.size() == 1500; }));
  cluster.keeper.answer_all();
  REQUIRE(cluster.until([&] { return std::all_of(calls.begin(), calls.end(), [](const TestCall& call) { return call.done(); }); }));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CHECK(calls[i].ok());
    CHECK_EQ(calls[i].messages, std::vector<std::string>{std::to_string(i / 300 * 1000 + i % 300)});
  }
  CHECK_EQ(cluster.server->connection_count(), 10);
}

TEST_CASE("listening twice on one address fails with the reason") {
  Cluster cluster;
  const base::Result<io::Address> again = cluster.server->listen({"", Cluster::kPort});
  CHECK_FALSE(again.has_value());
}

TEST_CASE("the health service knows the whole server, and nothing else") {
  io::sim::Simulation sim(1);
  io::sim::Node& node = sim.add_node("server");
  HealthService health;
  Server server(node.world(), {});
  health.add_to(server);
  const base::Result<io::Address> address = server.listen({"", 0});
  REQUIRE(address.has_value());
  Channel channel(node.world(), {"server", address->port}, {}, nullptr);
  const auto check = [&](std::string_view request) {
    TestCall call;
    channel.unary("/grpc.health.v1.Health/Check", request, {}, call);
    REQUIRE(sim.run_until([&] { return call.done(); }, 5s));
    return call.ok() ? call.messages.at(0) : std::string(to_text(*call.status));
  };
  CHECK_EQ(check(""), std::string("\x08\x02"));  // NOT_SERVING until told otherwise
  health.set_serving(true);
  CHECK_EQ(check(""), std::string("\x08\x01"));
  CHECK_EQ(check(std::string("\x0A\x00", 2)), std::string("\x08\x01"));
  CHECK_EQ(check("\x0A\x03" "foo"), "NOT_FOUND: unknown service");
  CHECK_EQ(check("\x0A\x09" "foo"), "INTERNAL: grpc: error unmarshalling request");

  TestCall overall, other, broken;
  channel.open_stream("/grpc.health.v1.Health/Watch", {}, overall);
  channel.send(overall, "");
  channel.open_stream("/grpc.health.v1.Health/Watch", {}, other);
  channel.send(other, "\x0A\x03" "foo");
  channel.open_stream("/grpc.health.v1.Health/Watch", {}, broken);
  channel.send(broken, "\xFF");
  REQUIRE(sim.run_until([&] { return !overall.messages.empty() && !other.messages.empty() && broken.done(); }, 5s));
  CHECK_EQ(broken.status->code, StatusCode::internal);
  health.set_serving(false);
  health.set_serving(false);
  REQUIRE(sim.run_until([&] { return overall.messages.size() == 2; }, 5s));
  sim.run_for(1s);
  CHECK_EQ(overall.messages, std::vector<std::string>{"\x08\x01", "\x08\x02"});
  CHECK_EQ(other.messages, std::vector<std::string>{"\x08\x03"});
}

}  // namespace rpc::testing
