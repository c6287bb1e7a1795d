// The contract of io/network.h: listening and connecting.
#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <string>

#include "property_tests/worlds/stream_probes.h"

namespace property_tests::worlds {

TEST_CASE("network: a listener on port 0 gets a free one and says which") {
  const auto world = make_world();
  ListenProbe handler;
  const auto one = world->member().network.listen(world->address(0), handler);
  const auto two = world->member().network.listen(world->address(0), handler);
  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  CHECK_NE((*one)->address().port, 0);
  CHECK_NE((*one)->address().port, (*two)->address().port);
}

TEST_CASE("network: a port in use is refused with the address and the reason, and is free again afterwards") {
  const auto world = make_world();
  ListenProbe handler;
  io::Network& network = world->member().network;
  auto first = network.listen(world->address(0), handler);
  REQUIRE(first.has_value());
  const io::Address address = world->address((*first)->address().port);
  const auto second = network.listen(address, handler);
  REQUIRE_FALSE(second.has_value());
  CAPTURE(second.error().detail);
  CHECK_NE(second.error().detail.find(to_text(address)), std::string::npos);
  CHECK_NE(second.error().detail.find("address already in use"), std::string::npos);
  first->reset();
  CHECK(network.listen(address, handler).has_value());
}

TEST_CASE("network: connect() says how it went on a later turn, and nothing is written before") {
  const auto world = make_world();
  ListenProbe handler;
  const auto listener = world->member().network.listen(world->address(0), handler);
  REQUIRE(listener.has_value());
  for (const io::World* from : {&world->other(), &world->member()}) {
    StreamProbe client;
    client.stream = from->network.connect(world->address((*listener)->address().port), client);
    CHECK_EQ(client.writable_count + client.closed_count, 0);
    CHECK_EQ(client.write("too early"), 0);
    REQUIRE(world->run_until([&] { return client.is_connected(); }));
    CHECK_EQ(client.closed_count, 0);
    CHECK_EQ(client.write("hello"), 5);
    REQUIRE(world->run_until([&] { return !handler.accepted.empty() && handler.accepted.back()->received == "hello"; }));
    world->settle();
    CHECK_MESSAGE(client.writable_count == 1, "nothing is owed to a writer whose bytes were all taken");
    CHECK_FALSE(handler.accepted.back()->stream->peer_text().empty());
    CHECK(handler.accepted.back()->stream->verified_identity().empty());
    handler.accepted.clear();
  }
}

TEST_CASE("network: where nobody listens, a connection is refused, once, on a later turn") {
  const auto world = make_world();
  ListenProbe handler;
  auto listener = world->member().network.listen(world->address(0), handler);
  REQUIRE(listener.has_value());
  const io::Address address = world->address((*listener)->address().port);
  listener->reset();
  StreamProbe client;
  client.stream = world->other().network.connect(address, client);
  CHECK_EQ(client.closed_count, 0);
  REQUIRE(world->run_until([&] { return client.closed_count > 0; }));
  world->settle();
  CHECK_EQ(client.closed_count, 1);
  CHECK_EQ(client.writable_count, 0);
  CHECK_EQ(client.readable_count, 0);
  CHECK_FALSE(client.reason->detail.empty());
  CHECK_EQ(client.write("x"), 0);
  CHECK_EQ(client.read_some(), 0);
}

TEST_CASE("network: a stream may be destroyed before anything came of it") {
  const auto world = make_world();
  ListenProbe handler;
  const auto listener = world->member().network.listen(world->address(0), handler);
  REQUIRE(listener.has_value());
  StreamProbe client;
  client.stream = world->other().network.connect(world->address((*listener)->address().port), client);
  client.stream.reset();
  world->settle();
  CHECK_EQ(client.writable_count + client.readable_count + client.closed_count, 0);
}

TEST_CASE("network: many connections at once are all accepted, each with its own bytes") {
  const auto world = make_world();
  ListenProbe handler;
  const auto listener = world->member().network.listen(world->address(0), handler);
  REQUIRE(listener.has_value());
  constexpr std::size_t kClientCount = 200;
  std::deque<StreamProbe> clients(kClientCount);
  for (std::size_t i = 0; i < kClientCount; ++i) {
    StreamProbe& client = clients[i];
    client.writable_action = [&client, i] { client.write(std::to_string(i)); };
    client.stream = world->other().network.connect(world->address((*listener)->address().port), client);
  }
  // One that stays is echoed, so each client can check what it gets.
  handler.accept_action = [&] {
    StreamProbe& server = *handler.accepted.back();
    server.readable_action = [&server] {
      server.read_some();
      server.write(server.received);
      server.readable_action = nullptr;
    };
  };
  REQUIRE(world->run_until([&] {
    std::size_t echoed = 0;
    for (const StreamProbe& client : clients) echoed += client.received.empty() ? 0 : 1;
    return echoed == kClientCount;
  }));
  CHECK_EQ(handler.accepted.size(), kClientCount);
  for (std::size_t i = 0; i < kClientCount; ++i) CHECK_EQ(clients[i].received, std::to_string(i));
}

TEST_CASE("network: destroying a listener stops accepting, in the middle of accepting too, and its streams live on") {
  const auto world = make_world();
  ListenProbe handler;
  auto opened = world->member().network.listen(world->address(0), handler);
  REQUIRE(opened.has_value());
  std::unique_ptr<io::Listener> listener = std::move(*opened);
  const io::Address address = world->address(listener->address().port);
  handler.accept_action = [&] { listener.reset(); };
  std::deque<StreamProbe> clients(3);
  for (StreamProbe& client : clients) client.stream = world->other().network.connect(address, client);
  REQUIRE(world->run_until([&] { return !handler.accepted.empty(); }));
  world->settle();
  CHECK_EQ(handler.accepted.size(), 1);
  CHECK_EQ(listener, nullptr);

  CHECK_EQ(handler.accepted.front()->write("alive"), 5);
  REQUIRE(world->run_until([&] {
    bool found = false;
    for (const StreamProbe& client : clients) found = found || client.received == "alive";
    return found;
  }));

  StreamProbe late;
  late.stream = world->other().network.connect(address, late);
  REQUIRE(world->run_until([&] { return late.closed_count > 0; }));
}

}  // namespace property_tests::worlds
