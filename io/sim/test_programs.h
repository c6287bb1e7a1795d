// io/sim/test_programs.h: small users of a world, for unit tests on io/sim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "io/world.h"

namespace io::sim::testing {

// Remembers how it ended.
struct Waiter final : io::Completion {
  void complete(base::Status result) override {
    ++calls;
    status = std::move(result);
  }
  bool done() const { return calls > 0; }
  bool ok() const { return status && status->has_value(); }
  int calls = 0;
  std::optional<base::Status> status;
};

struct TestTimer final : io::Timer {
  explicit TestTimer(std::function<void()> run) : action(std::move(run)) {}
  void on_timer() override { action(); }
  std::function<void()> action;
};

struct TestHook final : io::EndOfTurn {
  explicit TestHook(std::function<void()> run) : action(std::move(run)) {}
  void on_end_of_turn() override { action(); }
  std::function<void()> action;
};

// Runs a function off the loop.
struct TestJob final : io::Job {
  explicit TestJob(std::function<void()> work) : action(std::move(work)) {}
  void run() override {
    ++runs;
    action();
  }
  void finished() override { ++finishes; }
  std::function<void()> action;
  int runs = 0;
  int finishes = 0;
};

// One end of a stream: reads everything that comes, writes what it is given as fast as there is room.
class TestPeer final : public io::StreamHandler {
 public:
  void on_readable() override {
    ++readable_turns;
    char buffer[4096];
    for (;;) {
      const io::ReadResult result = stream->read(std::as_writable_bytes(std::span(buffer)));
      received.append(buffer, result.count);
      if (result.finished) finished = true;
      if (result.count == 0) break;
    }
  }
  void on_writable() override {
    is_connected = true;
    flush();
  }
  void on_closed(const base::Error& error) override { closed = error; }

  void send(std::string_view text) {
    pending += text;
    flush();
  }
  void flush() {
    while (!pending.empty()) {
      const std::size_t count = stream->write(base::as_bytes(pending));
      if (count == 0) return;
      pending.erase(0, count);
    }
  }

  std::unique_ptr<io::Stream> stream;
  std::string received;
  std::string pending;
  bool is_connected = false;
  bool finished = false;
  int readable_turns = 0;
  std::optional<base::Error> closed;
};

struct TestServer final : io::ListenHandler {
  void on_accept(std::unique_ptr<io::Stream> stream) override {
    peers.push_back(std::make_unique<TestPeer>());
    peers.back()->stream = std::move(stream);
    peers.back()->stream->set_handler(*peers.back());
    peers.back()->is_connected = true;
  }
  std::unique_ptr<io::Listener> listener;
  std::vector<std::unique_ptr<TestPeer>> peers;
};

}  // namespace io::sim::testing
