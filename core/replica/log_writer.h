// core/replica/log_writer.h: makes what raft asks for durable, one batch at a time.
//
// What arrives while a batch is being written goes into the next one, so a busy log syncs as often as the
// disk can, and each sync carries all that waited (group commit without timers).
//
// Promises wait here as well: a message that an output holds back until it is durable leaves when everything that was
// asked for up to then has been written. One whose entries lost to another leader before they reached a batch never leaves.
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
  // `promises` are the messages that may leave now.
  virtual void on_log_written(const raft::Persisted& persisted, std::vector<raft::Outbound> promises) = 0;
  virtual void on_log_failed(const base::Error& error) = 0;  // final

 protected:
  ~LogWriterListener() = default;
};

class LogWriter final : private io::Completion, private wal::WalListener {
 public:
  LogWriter(const io::World& world, wal::Options options, wal::Recovered recovered, std::uint64_t batch_bytes,
            LogWriterListener& listener);

  // Takes the messages that have to wait out of the output; those that need not stay there.
  void add(raft::Output& output);
  void add_store_mark(const base::StoreMark& mark);
  void add_start(base::LogStart start);
  // A snapshot takes the place of the whole log and of the store: what was to be written before it is not written any more. Then
  // add() of the output that asks for it.
  void add_install(base::LogStart start, const base::StoreMark& mark);
  // An install is not durable yet.
  bool is_installing() const { return is_install_waiting_ || is_install_in_flight_; }

  // Starts a write if there is something to write and none is under way. `committed` travels along as a hint, as far as the log
  // on disk reaches then.
  void flush(base::LogIndex committed);

  // Which write is under way, counted from 1; 0: none.
  std::uint64_t write_under_way() const { return wal_.is_writing() ? batch_number_ : 0; }

  // Lets the write under way end and closes the log; what still waits is dropped. Completes without an error,
  // on a later turn; the listener hears nothing more then. Once, and nothing is added afterwards.
  void close(io::Completion& done);

 private:
  struct Promise {
    raft::Outbound message;
    std::uint64_t batch = 0;     // that has to be durable, and
    std::uint64_t position = 0;  // all entries up to this one
  };

  void complete(base::Status status) override;
  void on_wal_failed(const base::Error& error) override { listener_.on_log_failed(error); }
  void take_batch();
  void drop_tail(base::LogIndex from);
  bool is_idle() const;  // nothing waits
  std::vector<raft::Outbound> take_promises();

  LogWriterListener& listener_;
  io::Observer& observer_;
  const std::uint64_t batch_bytes_;

  // Entries have positions, in the order in which they were asked for; a replaced one gives its position back.
  std::uint64_t asked_ = 0;  // position of the last one that was asked for
  std::uint64_t taken_ = 0;  // and of the last one that has gone into a batch; invariant: asked_ == taken_ + entries_.size()
  std::uint64_t batch_number_ = 0;  // of the newest batch
  std::deque<Promise> promises_;    // by batch and position

  // Waiting.
  std::deque<base::Entry> entries_;
  std::optional<base::HardState> hard_state_;
  std::optional<base::StoreMark> store_mark_;
  std::optional<base::LogStart> start_;
  bool is_install_waiting_ = false;  // start_ and store_mark_ are a snapshot's

  // In flight.
  bool is_install_in_flight_ = false;
  std::vector<base::Entry> batch_;
  raft::Persisted persisted_;  // what is durable once the batch in flight is
  base::MemberId voted_for_;

  io::Completion* closing_ = nullptr;
  wal::Wal wal_;
};

}  // namespace replica
