// core/replica/log_writer.h: makes what raft asks for durable, one batch at a time.
//
// What arrives while a batch is being written goes into the next one, so a busy log syncs as often as the
// disk can, and each sync carries all that waited (group commit without timers).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/base/log_entry.h"
#include "core/base/result.h"
#include "core/raft/raft.h"
#include "io/world.h"
#include "storage/wal/wal.h"

namespace replica {

// On a turn of their own.
class LogWriterListener {
 public:
  virtual void on_log_written(const raft::Persisted& persisted) = 0;
  virtual void on_log_failed(const base::Error& error) = 0;  // final

 protected:
  ~LogWriterListener() = default;
};

class LogWriter final : private io::Completion, private wal::WalListener {
 public:
  LogWriter(const io::World& world, wal::Options options, wal::Recovered recovered, std::uint64_t batch_bytes,
            LogWriterListener& listener);

  void add(const raft::Output& output);
  void add_store_mark(const base::StoreMark& mark);
  void add_start(base::LogStart start);

  // Starts a write if there is something to write and none is under way. `committed` travels along as a hint.
  void flush(base::LogIndex committed);

  // Lets the write under way end and closes the log; what still waits is dropped. Completes without an error,
  // on a later turn; the listener hears nothing more then. Once, and nothing is added afterwards.
  void close(io::Completion& done);

 private:
  void complete(base::Status status) override;
  void on_wal_failed(const base::Error& error) override { listener_.on_log_failed(error); }
  void take_batch();

  LogWriterListener& listener_;
  const std::uint64_t batch_bytes_;

  // Waiting.
  std::deque<base::Entry> entries_;
  std::optional<base::HardState> hard_state_;
  std::optional<base::StoreMark> store_mark_;
  std::optional<base::LogStart> start_;

  // In flight.
  std::vector<base::Entry> batch_;
  raft::Persisted persisted_;  // what is durable once the batch in flight is
  base::MemberId voted_for_;

  io::Completion* closing_ = nullptr;
  wal::Wal wal_;
};

}  // namespace replica
