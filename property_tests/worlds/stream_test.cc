// The contract of io/network.h: streams.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "property_tests/worlds/stream_probes.h"

namespace property_tests::worlds {

namespace {

// Writes until the stream takes no more, a piece at a time; returns how much it took.
std::size_t fill(StreamProbe& from) {
  const std::string piece(65536, 'f');
  std::size_t total = 0;
  for (;;) {
    const std::size_t taken = from.write(piece);
    total += taken;
    if (taken < piece.size()) return total;
  }
}

}  // namespace

TEST_CASE("stream: half-close, one way and then the other") {
  Pair pair;
  CHECK_EQ(pair.client.write("question"), 8);
  pair.client.stream->finish();
  REQUIRE(pair.world->run_until([&] { return pair.server->finished; }));
  CHECK_EQ(pair.server->received, "question");

  CHECK_FALSE(pair.client.finished);
  CHECK_MESSAGE(pair.server->write("answer") == 6, "the other direction is still open");
  REQUIRE(pair.world->run_until([&] { return pair.client.received == "answer"; }));
  CHECK_FALSE(pair.client.finished);

  pair.server->stream->finish();
  REQUIRE(pair.world->run_until([&] { return pair.client.finished; }));
  pair.world->settle();
  CHECK_MESSAGE(pair.client.closed_count == 0, "an end agreed on is no failure");
  CHECK_EQ(pair.server->closed_count, 0);
}

TEST_CASE("stream: after its end a stream is not readable any more") {
  Pair pair;
  pair.client.stream->finish();
  REQUIRE(pair.world->run_until([&] { return pair.server->finished; }));
  const int calls = pair.server->readable_count;
  pair.world->settle();
  CHECK_EQ(pair.server->readable_count, calls);
}

TEST_CASE("stream: on_readable() comes again while something is left, bytes or the end") {
  Pair pair;
  pair.server->readable_action = [&] { pair.server->read_some(3); };
  CHECK_EQ(pair.client.write("0123456789"), 10);
  pair.client.stream->finish();
  REQUIRE(pair.world->run_until([&] { return pair.server->finished; }));
  CHECK_EQ(pair.server->received, "0123456789");
  CHECK_GE(pair.server->readable_count, 4);

  // A handler that takes nothing at all is asked again too.
  Pair other;
  int refusals = 0;
  other.server->readable_action = [&] {
    if (++refusals >= 3) other.server->read_some();
  };
  CHECK_EQ(other.client.write("x"), 1);
  REQUIRE(other.world->run_until([&] { return other.server->received == "x"; }));
}

TEST_CASE("stream: reading when nothing is there takes nothing") {
  Pair pair;
  CHECK_EQ(pair.client.read_some(), 0);
  CHECK_FALSE(pair.client.finished);
}

TEST_CASE("stream: a writer that outruns its reader is stopped, told when to go on, and loses nothing") {
  Pair pair;
  pair.server->stream->pause_reading(true);
  std::size_t written = fill(pair.client);
  CHECK_GT(written, 0);
  // What lies on the way is delivered, until neither end's buffer takes more.
  bool is_stuck = false;
  while (!is_stuck) {
    const int before = pair.client.writable_count;
    pair.world->settle();
    is_stuck = pair.client.writable_count == before;
    if (!is_stuck) written += fill(pair.client);
  }
  CHECK_EQ(pair.server->readable_count, 0);

  const int before = pair.client.writable_count;
  pair.server->stream->pause_reading(false);
  REQUIRE(pair.world->run_until([&] { return pair.client.writable_count > before; }));
  written += pair.client.write("the end");
  pair.client.stream->finish();
  REQUIRE(pair.world->run_until([&] { return pair.server->finished; }));
  CHECK_EQ(pair.server->received.size(), written);
}

TEST_CASE("stream: a paused reader hears nothing until it resumes, and then everything") {
  Pair pair;
  pair.server->stream->pause_reading(true);
  CHECK_EQ(pair.client.write("early"), 5);
  pair.client.stream->finish();
  pair.world->settle();
  CHECK_EQ(pair.server->readable_count, 0);
  pair.server->stream->pause_reading(false);
  CHECK_MESSAGE(pair.server->readable_count == 0, "never inside a call");
  REQUIRE(pair.world->run_until([&] { return pair.server->finished; }));
  CHECK_EQ(pair.server->received, "early");

  // Pausing within the handler works too, with bytes left.
  Pair other;
  other.server->readable_action = [&] {
    other.server->read_some(1);
    other.server->stream->pause_reading(true);
  };
  CHECK_EQ(other.client.write("ab"), 2);
  REQUIRE(other.world->run_until([&] { return other.server->received == "a"; }));
  other.world->settle();
  CHECK_EQ(other.server->received, "a");
  other.server->stream->pause_reading(false);
  REQUIRE(other.world->run_until([&] { return other.server->received == "ab"; }));
}

TEST_CASE("stream: whoever writes to a peer that is gone is told, once, and nothing follows") {
  Pair pair;
  pair.server->stream.reset();
  // The first bytes may still be taken; what comes back for them is the reset.
  REQUIRE(pair.world->run_until([&] {
    if (pair.client.closed_count == 0) pair.client.write("anyone?");
    return pair.client.closed_count > 0;
  }));
  const int calls = pair.client.readable_count + pair.client.writable_count;
  CHECK_EQ(pair.client.write("x"), 0);
  pair.world->settle();
  CHECK_EQ(pair.client.closed_count, 1);
  CHECK_EQ(pair.client.readable_count + pair.client.writable_count, calls);
  CHECK_FALSE(pair.client.reason->detail.empty());
}

TEST_CASE("stream: a peer that goes away with bytes unread is seen even by one that has paused reading") {
  Pair pair;
  pair.server->stream->pause_reading(true);
  CHECK_EQ(pair.server->write("never read"), 10);
  pair.client.stream->pause_reading(true);
  pair.world->settle();
  pair.client.stream.reset();
  REQUIRE(pair.world->run_until([&] {
    if (pair.server->closed_count == 0) pair.server->write("anyone?");
    return pair.server->closed_count > 0;
  }));
}

TEST_CASE("stream: a handler may destroy its own stream, in each of the three calls") {
  {
    Pair pair;
    pair.server->readable_action = [&] { pair.server->stream.reset(); };
    CHECK_EQ(pair.client.write("x"), 1);
    REQUIRE(pair.world->run_until([&] { return pair.server->readable_count > 0; }));
    pair.world->settle();
    CHECK_EQ(pair.server->readable_count, 1);
    CHECK_EQ(pair.server->closed_count, 0);
  }
  {
    Pair pair;
    StreamProbe second;
    second.writable_action = [&] { second.stream.reset(); };
    second.stream = pair.world->other().network.connect(pair.world->address(pair.listener->address().port), second);
    REQUIRE(pair.world->run_until([&] { return second.writable_count > 0; }));
    pair.world->settle();
    CHECK_EQ(second.writable_count, 1);
    CHECK_EQ(second.closed_count + second.readable_count, 0);
  }
  {
    Pair pair;
    pair.client.closed_action = [&] { pair.client.stream.reset(); };
    pair.server->stream.reset();
    REQUIRE(pair.world->run_until([&] {
      if (pair.client.stream) pair.client.write("x");
      return pair.client.closed_count > 0;
    }));
    pair.world->settle();
    CHECK_EQ(pair.client.closed_count, 1);
  }
}

TEST_CASE("stream: a handler may destroy another stream whose bytes have come as well") {
  Pair pair;
  StreamProbe second;
  second.stream = pair.world->other().network.connect(pair.world->address(pair.listener->address().port), second);
  REQUIRE(pair.world->run_until([&] { return second.is_connected() && pair.listening.accepted.size() == 2; }));
  StreamProbe& server_two = *pair.listening.accepted.back();
  pair.server->readable_action = [&] {
    pair.server->read_some();
    server_two.stream.reset();
  };
  server_two.readable_action = [&] {
    server_two.read_some();
    pair.server->stream.reset();
  };
  CHECK_EQ(pair.client.write("x"), 1);
  CHECK_EQ(second.write("x"), 1);
  REQUIRE(pair.world->run_until([&] { return pair.server->readable_count + server_two.readable_count > 0; }));
  pair.world->settle();
  CHECK_MESSAGE(pair.server->readable_count + server_two.readable_count == 1, "the first to be called ends the other");
}

TEST_CASE("stream: finish() before the connection is there takes effect when it is") {
  const auto world = make_world();
  ListenProbe handler;
  const auto listener = world->member().network.listen(world->address(0), handler);
  REQUIRE(listener.has_value());
  StreamProbe client;
  client.stream = world->other().network.connect(world->address((*listener)->address().port), client);
  client.stream->finish();
  REQUIRE(world->run_until([&] { return !handler.accepted.empty() && handler.accepted.front()->finished; }));
  CHECK(handler.accepted.front()->received.empty());
}

}  // namespace property_tests::worlds
