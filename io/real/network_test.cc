// What only this world has: names, ports of the kernel, descriptors. The contract is tested in property_tests/worlds/.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "io/real/test_directory.h"
#include "io/real/world.h"

namespace io::real {

namespace {

constexpr base::Duration kForEver{-1};

struct Handler final : StreamHandler {
  void on_readable() override {}
  void on_writable() override { is_connected = true; }
  void on_closed(const base::Error& why) override { closed = why.detail; }
  bool is_connected = false;
  std::optional<std::string> closed;
};

struct Acceptor final : ListenHandler {
  void on_accept(std::unique_ptr<Stream> stream) override {
    stream->set_handler(handler);
    streams.push_back(std::move(stream));
  }
  Handler handler;
  std::vector<std::unique_ptr<Stream>> streams;
};

struct NetworkFixture {
  DataDirectory none = DataDirectory::none();
  RealWorld real{none, {}};
  Network& network = real.world().network;
};

}  // namespace

TEST_CASE("a name is resolved off the loop") {
  NetworkFixture fixture;
  Acceptor acceptor;
  const auto listener = fixture.network.listen(Address{"localhost", 0}, acceptor);
  REQUIRE(listener.has_value());
  Handler handler;
  const auto stream = fixture.network.connect(Address{"localhost", (*listener)->address().port}, handler);
  while (!handler.is_connected && !handler.closed) fixture.real.run_turn(kForEver);
  CHECK_FALSE(handler.closed.has_value());
  CHECK_MESSAGE(stream->peer_text() == to_text((*listener)->address()), "the name has become an address");
}

TEST_CASE("a name that does not exist closes the stream with a text that names it") {
  NetworkFixture fixture;
  Handler handler;
  const auto stream = fixture.network.connect(Address{"no-such-host.invalid", 1}, handler);
  while (!handler.closed) fixture.real.run_turn(kForEver);
  CAPTURE(*handler.closed);
  CHECK_EQ(handler.closed->find("connect no-such-host.invalid:1: look up no-such-host.invalid: "), 0);
}

TEST_CASE("a lookup may outlive its stream and its world") {
  NetworkFixture fixture;
  Handler handler;
  { const auto stream = fixture.network.connect(Address{"no-such-host.invalid", 1}, handler); }
  fixture.real.run_turn(base::Duration(0));
  CHECK_FALSE(handler.closed.has_value());
}

TEST_CASE("listening on every interface hears IPv4, and shows it as IPv4") {
  NetworkFixture fixture;
  Acceptor acceptor;
  const auto listener = fixture.network.listen(Address{"", 0}, acceptor);
  REQUIRE(listener.has_value());
  Handler handler;
  const auto stream = fixture.network.connect(Address{"127.0.0.1", (*listener)->address().port}, handler);
  while (acceptor.streams.empty()) fixture.real.run_turn(kForEver);
  const std::string peer = acceptor.streams.front()->peer_text();
  CAPTURE(peer);
  CHECK_EQ(peer.find("127.0.0.1:"), 0);
}

TEST_CASE("a port in use, and a name that means nothing, are refused with the address and the reason") {
  NetworkFixture fixture;
  Acceptor acceptor;
  const auto listener = fixture.network.listen(Address{"127.0.0.1", 0}, acceptor);
  REQUIRE(listener.has_value());
  const Address address = (*listener)->address();
  const auto second = fixture.network.listen(address, acceptor);
  REQUIRE_FALSE(second.has_value());
  CHECK_EQ(second.error().detail, "listen " + to_text(address) + ": address already in use");

  const auto unknown = fixture.network.listen(Address{"no-such-host.invalid", 0}, acceptor);
  REQUIRE_FALSE(unknown.has_value());
  CHECK_EQ(unknown.error().code, base::Code::invalid);
  CHECK_EQ(unknown.error().detail.find("listen no-such-host.invalid:0: look up"), 0);
}

TEST_CASE("out of descriptors, a listener waits and then goes on") {
  NetworkFixture fixture;
  Acceptor acceptor;
  const auto listener = fixture.network.listen(Address{"127.0.0.1", 0}, acceptor);
  REQUIRE(listener.has_value());
  Handler handler;
  const auto stream = fixture.network.connect((*listener)->address(), handler);

  // The lowest free descriptor is the limit: the stream exists, and accepting it takes one more.
  const Descriptor probe(::dup(0));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(probe.get());
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  while (!handler.is_connected) fixture.real.run_turn(kForEver);
  for (int turn = 0; turn < 3; ++turn) fixture.real.run_turn(base::Duration(0));
  const bool accepted_early = !acceptor.streams.empty();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(accepted_early);

  while (acceptor.streams.empty()) fixture.real.run_turn(kForEver);
  CHECK_FALSE(handler.closed.has_value());
}

}  // namespace io::real
