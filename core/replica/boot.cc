#include "core/replica/boot.h"

#include <utility>

#include "core/base/assert.h"

namespace replica {

Boot::Boot(const io::World& world, StateMachine& machine, BootListener& listener)
    : world_(world), machine_(machine), listener_(listener) {}

void Boot::start(const wal::Options& options, wal::State initial, StateMachineListener& stores) {
  ASSERT(stage_ == Stage::idle);
  options_ = options;
  initial_ = std::move(initial);
  stores_ = &stores;
  stage_ = Stage::reading_log;
  queue_ = world_.workers.open_queue("boot");
  queue_->submit(*this);
}

void Boot::run() {
  const base::Result<bool> is_there = wal::exists(world_.disk, options_);
  if (!is_there) {
    recovered_.emplace(base::fail(is_there.error()));
    return;
  }
  // Ids come from the log once there is one; what the flags say now does not count (behaviour reference §7.1).
  if (*is_there) initial_.identity = {};
  recovered_.emplace(wal::recover(world_.disk, world_.random, options_, initial_));
}

void Boot::finished() {
  ASSERT(stage_ == Stage::reading_log);
  ASSERT(recovered_.has_value());
  if (!*recovered_) return finish(base::fail(recovered_->error()));
  stage_ = Stage::opening_store;
  const wal::State& state = (*recovered_)->state;
  machine_.open(state.store_mark, state.start.last_dropped.index.next(), *stores_, *this);
}

void Boot::complete(base::Status status) {
  ASSERT(stage_ == Stage::opening_store);
  if (!status) return finish(base::fail(status.error()));
  // The store only ever holds what was committed, hence durable in the log: if it is ahead, the log lost something.
  const wal::State& state = (*recovered_)->state;
  const base::EntryId last = state.last();
  if (machine_.applied() > last.index) {
    return finish(base::fail(base::Code::damaged,
                             "the log ends at index " + base::to_text(last.index) + ", but the store holds index " +
                                 base::to_text(machine_.applied()) +
                                 ": the log has lost entries that were acknowledged. Restore this member from a snapshot, or, in a "
                                 "cluster, remove it, delete its data directory and add it again."));
  }
  finish(std::move(*recovered_));
}

void Boot::finish(base::Result<Booted> booted) {
  stage_ = Stage::done;
  listener_.on_booted(std::move(booted));
}

}  // namespace replica
