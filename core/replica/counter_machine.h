// core/replica/counter_machine.h: a tenant for tests: it adds numbers, and keeps the sum in a file.
//
// As a store it is the simplest that is honest: a job writes (applied, sum) to a new file, syncs it, renames
// it over the old one and syncs the directory. Whatever it has not written is in the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/codec.h"
#include "core/replica/state_machine.h"
#include "io/world.h"

namespace replica::testing {

class CounterMachine final : public StateMachine, private io::Job {
 public:
  explicit CounterMachine(const io::World& world) : world_(world), queue_(world.workers.open_queue("counter")) {}

  void open(const base::StoreMark& mark, base::LogIndex first_kept, StateMachineListener& listener, io::Completion& done) override {
    listener_ = &listener;
    opened_ = &done;
    generation_ = mark.generation;
    required_ = std::max(mark.applied, first_kept.previous());
    queue_->submit(*this);
  }

  base::LogIndex applied() const override { return applied_; }
  base::Hash128 state_hash() const override { return {0, sum_}; }
  std::uint64_t sum() const { return sum_; }

  base::Result<Effect> apply(const Command& command, std::string* response) override {
    applied_ = command.id.index;
    sum_ += command.bytes.size();
    ++unwritten_;
    if (response != nullptr) *response = std::to_string(sum_);
    return effect();
  }
  Effect apply_empty(base::EntryId id) override {
    applied_ = id.index;
    return effect();
  }

  std::uint64_t unmaterialised_bytes() const override { return unwritten_; }
  void want_durable() override { write(); }

  // Brings what is applied into the file, unless it is being done.
  void write() {
    if (is_writing_ || opened_ != nullptr) return;
    is_writing_ = true;
    written_ = {generation_, applied_};
    written_sum_ = sum_;
    unwritten_ = 0;
    queue_->submit(*this);
  }

 private:
  Effect effect() const { return {{0, applied_.value()}, state_hash()}; }

  void run() override { status_ = opened_ != nullptr ? read_file() : write_file(); }

  void finished() override {
    if (opened_ != nullptr) return std::exchange(opened_, nullptr)->complete(status_);
    is_writing_ = false;
    if (!status_) return listener_->on_failed(status_.error());
    listener_->on_durable(written_);
    listener_->on_room();
  }

  base::Status read_file() {
    const auto file = world_.disk.open_page_file("counter", io::Open::existing);
    if (file) {
      std::string bytes(16, '\0');
      const base::Result<std::size_t> count = (*file)->read(0, base::as_writable_bytes(bytes));
      if (!count) return base::fail(count.error());
      base::ByteReader reader(bytes);
      applied_ = base::LogIndex(reader.u64());
      sum_ = reader.u64();
    } else if (file.error().code != base::Code::not_found) {
      return base::fail(file.error());
    }
    if (applied_ < required_) return base::fail(base::Code::damaged, "the counter went back");
    return {};
  }

  base::Status write_file() {
    std::string bytes;
    base::ByteWriter writer(bytes);
    writer.u64(written_.applied.value());
    writer.u64(written_sum_);
    const auto file = world_.disk.open_page_file("counter.new", io::Open::create);
    if (!file) return base::fail(file.error());
    if (base::Status done = (*file)->write(0, base::as_bytes(bytes)); !done) return done;
    if (base::Status done = (*file)->sync(); !done) return done;
    if (base::Status done = world_.disk.rename("counter.new", "counter"); !done) return done;
    return world_.disk.sync_directory("");
  }

  const io::World& world_;
  StateMachineListener* listener_ = nullptr;
  io::Completion* opened_ = nullptr;  // while opening
  base::StoreGeneration generation_;
  base::LogIndex required_;
  base::LogIndex applied_;
  std::uint64_t sum_ = 0;  // of the sizes of all commands
  std::uint64_t unwritten_ = 0;
  bool is_writing_ = false;
  base::StoreMark written_;
  std::uint64_t written_sum_ = 0;
  base::Status status_;
  std::unique_ptr<io::WorkQueue> queue_;
};

}  // namespace replica::testing
