// property_tests/worlds/stream_probes.h: both ends of a connection, written down.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "property_tests/property.h"
#include "property_tests/worlds/probes.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

// One end. Reads all there is, unless the test says otherwise.
struct StreamProbe final : io::StreamHandler {
  void on_readable() override {
    ++readable_count;
    if (readable_action) return readable_action();
    read_some();
  }
  void on_writable() override {
    ++writable_count;
    if (writable_action) writable_action();
  }
  void on_closed(const base::Error& why) override {
    ++closed_count;
    reason = why;
    if (closed_action) closed_action();
  }

  std::size_t read_some(std::size_t room = 65536) {
    std::string buffer(room, '\0');
    const io::ReadResult result = stream->read(base::as_writable_bytes(buffer));
    received.append(buffer, 0, result.count);
    finished = finished || result.finished;
    return result.count;
  }
  std::size_t write(std::string_view bytes) { return stream->write(base::as_bytes(bytes)); }
  bool is_connected() const { return writable_count > 0; }

  std::unique_ptr<io::Stream> stream;
  std::string received;
  bool finished = false;  // the peer has
  int readable_count = 0;
  int writable_count = 0;
  int closed_count = 0;
  std::optional<base::Error> reason;
  Action readable_action;
  Action writable_action;
  Action closed_action;
};

// Keeps every stream that it is given, each with a probe of its own.
struct ListenProbe final : io::ListenHandler {
  void on_accept(std::unique_ptr<io::Stream> stream) override {
    accepted.push_back(std::make_unique<StreamProbe>());
    accepted.back()->stream = std::move(stream);
    accepted.back()->stream->set_handler(*accepted.back());
    if (accept_action) accept_action();
  }
  std::vector<std::unique_ptr<StreamProbe>> accepted;
  Action accept_action;
};

// other() has connected to member().
struct Pair {
  Pair() {
    listener = std::move(*world->member().network.listen(world->address(0), listening));
    client.stream = world->other().network.connect(world->address(listener->address().port), client);
    REQUIRE(world->run_until([this] { return client.is_connected() && !listening.accepted.empty(); }));
    server = std::move(listening.accepted.front());
    server->stream->set_handler(*server);
  }

  std::unique_ptr<WorldUnderTest> world = make_world();
  ListenProbe listening;
  std::unique_ptr<io::Listener> listener;
  StreamProbe client;
  std::unique_ptr<StreamProbe> server;
};

}  // namespace property_tests::worlds
