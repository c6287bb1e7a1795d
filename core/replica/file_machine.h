// core/replica/file_machine.h: a state machine whose whole state is small enough to be written as one file.
//
// The tenant says what a command does and how its state looks as bytes; everything that a replica asks of a store is done here. It
// is the simplest store that is honest: a job writes index and state to a new file, syncs it, renames it over the old one and syncs
// the directory. Whatever it has not written is in the log, and is applied again after a restart. A changed byte is found by a
// checksum. What the tenant answers and how it changes must depend on the commands alone.
//
// A snapshot is that state, and the store of generation n is the file `state-n`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/replica/state_machine.h"
#include "io/world.h"

namespace replica {

class FileMachine : public StateMachine, private io::Job {
 public:
  // Written by itself once commands of that many bytes have been applied; 0: only when the replica asks for it. Less than the bytes
  // at which apply pauses (replica::Options).
  FileMachine(const io::World& world, std::uint64_t write_after_bytes);
  ~FileMachine();

  // Brings what is applied into the file, unless that is under way already.
  void write();

  // StateMachine
  void open(const base::StoreMark& mark, base::LogIndex first_kept, StateMachineListener& listener, io::Completion& done) final;
  base::LogIndex applied() const final { return applied_; }
  base::Hash128 state_hash() const final;
  base::Result<Effect> apply(const Command& command, std::string* response) final;
  Effect apply_empty(base::EntryId id) final;
  std::uint64_t unmaterialised_bytes() const final { return unwritten_bytes_; }
  void want_durable() final { write(); }
  base::Result<std::unique_ptr<SnapshotSource>> take_snapshot() final;
  std::unique_ptr<SnapshotSink> receive_snapshot(const base::StoreMark& mark) final;
  void install(const base::StoreMark& mark, io::Completion& done) final;

 protected:
  // Returns the answer for whoever waits.
  virtual std::string apply_command(const Command& command) = 0;
  // Equal states have equal bytes.
  virtual std::string encode_state() const = 0;
  // The state becomes this one, whatever it was: a snapshot comes while there is another. Also of the empty string: the state of the
  // beginning. False: these are not bytes that encode_state() returns.
  virtual bool decode_state(std::string_view bytes) = 0;

 private:
  class Source;
  class Sink;
  struct SinkJob;
  std::unique_ptr<SinkJob> take_sink_job(const SinkJob& job);

  void run() override;
  void finished() override;
  base::Status read_file();
  void begin_reading();
  bool is_due() const { return write_after_bytes_ > 0 && unwritten_bytes_ >= write_after_bytes_; }

  const io::World& world_;
  const std::uint64_t write_after_bytes_;
  StateMachineListener* listener_ = nullptr;
  io::Completion* opened_ = nullptr;  // while opening or installing
  base::StoreGeneration generation_;
  base::LogIndex required_;
  base::LogIndex applied_;
  std::uint64_t unwritten_bytes_ = 0;
  bool is_writing_ = false;
  bool is_reading_ = false;
  // The job's while it runs.
  base::StoreMark written_;
  std::string file_;
  base::LogIndex read_applied_;
  base::Status status_;
  std::vector<std::unique_ptr<SinkJob>> sink_jobs_;
  std::unique_ptr<io::WorkQueue> queue_;
};

}  // namespace replica
