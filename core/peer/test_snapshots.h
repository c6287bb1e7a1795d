// core/peer/test_snapshots.h: snapshots that come from nowhere and go nowhere, for tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/time.h"
#include "core/replica/snapshot.h"
#include "io/world.h"

namespace peer::testing {

// No two stretches of it are alike.
inline std::string sample_state(std::size_t size) {
  std::string out(size, '\0');
  std::uint64_t x = 1;
  for (char& byte : out) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(x >> 56U);
  }
  return out;
}

// What is known of a source, also when it is gone.
struct SourceLog {
  std::vector<std::string> pieces;
  std::size_t bytes = 0;
  std::size_t reads = 0;
  bool is_alive = true;
};

// Pieces of odd sizes, in any case.
class TestSource final : public replica::SnapshotSource {
 public:
  struct Plan {
    std::string state;
    std::optional<std::size_t> fails_at = std::nullopt;  // when so much has been read
    base::Code failure = base::Code::overloaded;
    std::optional<std::size_t> piece_bytes = std::nullopt;  // whatever is asked for
    bool ends_with_nothing = false;                         // the last piece is none
  };
  TestSource(Plan plan, std::shared_ptr<SourceLog> log) : plan_(std::move(plan)), log_(std::move(log)) {}
  ~TestSource() override { log_->is_alive = false; }

  base::LogIndex applied() const override { return base::LogIndex(1000); }
  base::Result<bool> read(std::size_t bytes, std::string& piece) override {
    if (plan_.fails_at && log_->bytes >= *plan_.fails_at) return base::fail(plan_.failure, "the source failed");
    const std::size_t asked = plan_.piece_bytes ? *plan_.piece_bytes : bytes - log_->reads * 7919 % bytes;
    const std::string next = plan_.state.substr(log_->bytes, asked);
    ++log_->reads;
    log_->bytes += next.size();
    if (!next.empty()) log_->pieces.push_back(next);
    piece += next;
    return log_->bytes < plan_.state.size() || (plan_.ends_with_nothing && !next.empty());
  }

 private:
  const Plan plan_;
  const std::shared_ptr<SourceLog> log_;
};

struct SinkLog {
  std::vector<std::string> pieces;
  std::size_t bytes = 0;
  bool is_end_asked = false;
  bool is_whole = false;  // end() was done
  bool is_alive = true;
};

class TestSink final : public replica::SnapshotSink, private io::Timer {
 public:
  struct Plan {
    base::Duration take_time{};
    base::Duration end_time{};
    std::optional<std::size_t> fails_at = std::nullopt;  // when so much has come
    bool fails_at_end = false;
    base::Code failure = base::Code::io;
  };
  TestSink(const io::World& world, Plan plan, std::shared_ptr<SinkLog> log) : world_(world), plan_(plan), log_(std::move(log)) {}
  ~TestSink() override {
    world_.clock.disarm(*this);
    log_->is_alive = false;
  }

  void take(std::string piece, io::Completion& done) override {
    ASSERT(done_ == nullptr);
    ASSERT(!log_->is_end_asked);
    ASSERT(!piece.empty());
    log_->bytes += piece.size();
    log_->pieces.push_back(std::move(piece));
    wait(done, plan_.take_time);
  }
  void end(io::Completion& done) override {
    ASSERT(done_ == nullptr);
    log_->is_end_asked = true;
    wait(done, plan_.end_time);
  }

 private:
  void wait(io::Completion& done, base::Duration time) {
    done_ = &done;
    world_.clock.arm(*this, world_.clock.now() + time);
  }
  void on_timer() override {
    io::Completion* const done = std::exchange(done_, nullptr);
    const bool fails = log_->is_end_asked ? plan_.fails_at_end : plan_.fails_at && log_->bytes >= *plan_.fails_at;
    if (fails) return done->complete(base::fail(plan_.failure, "the sink failed"));
    log_->is_whole = log_->is_end_asked;
    done->complete({});  // the last thing done: it may be the end of this
  }

  const io::World world_;
  const Plan plan_;
  const std::shared_ptr<SinkLog> log_;
  io::Completion* done_ = nullptr;
};

}  // namespace peer::testing
