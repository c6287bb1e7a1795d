// storage/sqlite/test_snapshot.h: snapshots on their way from one simulated machine to another. Tests only.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/assert.h"
#include "storage/sqlite/receiver.h"
#include "storage/sqlite/test_member.h"

namespace sqlite::testing {

// All that is left of it, in pieces.
inline std::vector<std::string> read_all(Snapshot& snapshot, std::size_t bytes) {
  std::vector<std::string> pieces;
  for (bool more = true; more;) {
    const base::Result<bool> read = snapshot.read(bytes, pieces.emplace_back());
    ASSERT(read.has_value());
    ASSERT(pieces.back().size() <= bytes);
    more = *read;
  }
  return pieces;
}

// Somebody who receives, on a machine of its own.
class TestReceiver {
 public:
  TestReceiver(io::sim::Simulation& sim, BackendOptions options)
      : sim_(sim), node_(sim.add_node("m2")), options_(std::move(options)) {
    boot();
  }
  ~TestReceiver() {
    if (receiver_ != nullptr) crash(io::sim::CrashKind::process_kill);
  }

  void begin(const base::StoreMark& mark) { attempt_ = &receiver_->begin(mark); }
  void ask(std::string piece) {
    done_.result.reset();
    attempt_->take(std::move(piece), done_);
  }
  void ask_end() {
    done_.result.reset();
    attempt_->end(done_);
  }
  bool is_done() const { return done_.result.has_value(); }
  base::Status wait() {
    sim_.run_until([&] { return done_.result.has_value(); }, std::chrono::hours(1));
    ASSERT(done_.result.has_value());
    return *done_.result;
  }
  // All of them, and the end, or up to the first that is refused.
  base::Status receive(const base::StoreMark& mark, const std::vector<std::string>& pieces) {
    begin(mark);
    for (const std::string& piece : pieces) {
      ask(piece);
      if (base::Status taken = wait(); !taken) return taken;
    }
    ask_end();
    return wait();
  }
  void let_go() { std::exchange(attempt_, nullptr)->let_go(); }

  void crash(io::sim::CrashKind kind) {
    node_.crash(kind);
    receiver_.reset();
    attempt_ = nullptr;
    node_.restart();
  }
  void boot() { receiver_ = std::make_unique<Receiver>(node_.world(), options_); }
  // True: on a later turn it was closed.
  bool close() {
    TestDone closed;
    receiver_->close(closed);
    const bool was_at_once = closed.result.has_value();
    sim_.run_until([&] { return closed.result.has_value(); }, std::chrono::hours(1));
    ASSERT(closed.result.has_value());
    receiver_.reset();
    attempt_ = nullptr;
    return !was_at_once;
  }

  bool has_files(base::StoreGeneration generation) {
    const base::Result<bool> exists = node_.world().disk.exists("store-" + base::to_text(generation));
    ASSERT(exists.has_value());
    return *exists;
  }
  io::sim::Node& node() { return node_; }

 private:
  io::sim::Simulation& sim_;
  io::sim::Node& node_;
  const BackendOptions options_;
  std::unique_ptr<Receiver> receiver_;
  Receiver::Attempt* attempt_ = nullptr;
  TestDone done_;
};

// What opens on a machine as the log names it.
struct Opened final : BackendListener {
  Opened(io::sim::Simulation& sim, io::sim::Node& node, const base::StoreMark& mark) : backend(node.world(), BackendOptions()) {
    TestRows visited;
    TestDone done;
    backend.open(mark, mark.applied.next(), visited, *this, done);
    sim.run_until([&] { return done.result.has_value(); }, std::chrono::hours(1));
    ASSERT(done.result.has_value());
    status = *done.result;
    rows = std::move(visited.rows);
    if (!status) return;
    applied = {backend.applied_term(), backend.applied()};
    state = backend.state();
    TestDone closed;
    backend.close(closed);
    sim.run_until([&] { return closed.result.has_value(); }, std::chrono::hours(1));
  }
  void on_durable(const base::StoreMark&) override {}
  void on_room() override {}
  void on_failed(const base::Error&) override {}

  Backend backend;
  base::Status status;
  Model::Rows rows;
  base::EntryId applied;
  base::Hash128 state;
};

}  // namespace sqlite::testing
