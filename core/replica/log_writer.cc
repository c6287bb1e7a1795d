#include "core/replica/log_writer.h"

#include <utility>

#include "core/base/assert.h"

namespace replica {

namespace {
base::EntryId last_of(const wal::State& state) {
  return state.entries.empty() ? state.start.last_dropped : state.entries.back().id;
}
}  // namespace

LogWriter::LogWriter(const io::World& world, wal::Options options, wal::Recovered recovered, std::uint64_t batch_bytes,
                     LogWriterListener& listener)
    : listener_(listener),
      batch_bytes_(batch_bytes),
      persisted_{recovered.state.hard_state.term, last_of(recovered.state)},
      voted_for_(recovered.state.hard_state.voted_for),
      wal_(world, std::move(options), std::move(recovered), *this) {}

void LogWriter::add(const raft::Output& output) {
  if (output.hard_state) hard_state_ = output.hard_state;
  for (const base::Entry& entry : output.entries) {
    // A leader's own log only grows. (A follower's tail may be replaced: not yet.)
    ASSERT(entries_.empty() || entry.id.index == entries_.back().id.index.next());
    entries_.push_back(entry);
  }
}

void LogWriter::add_store_mark(const base::StoreMark& mark) {
  ASSERT(!store_mark_ || *store_mark_ <= mark);
  store_mark_ = mark;
}

void LogWriter::add_start(base::LogStart start) { start_ = std::move(start); }

void LogWriter::flush(base::LogIndex committed) {
  ASSERT(closing_ == nullptr);
  if (wal_.is_writing()) return;
  if (entries_.empty() && !hard_state_ && !store_mark_ && !start_) return;
  take_batch();
  if (hard_state_) {
    persisted_.term = hard_state_->term;
    voted_for_ = hard_state_->voted_for;
  }
  wal::Batch batch;
  batch.hard_state = base::HardState{persisted_.term, voted_for_, committed};
  batch.entries = batch_;
  batch.store_mark = store_mark_;
  batch.start = start_;
  hard_state_.reset();
  store_mark_.reset();
  start_.reset();
  wal_.append(batch, *this);
}

void LogWriter::take_batch() {
  batch_.clear();
  std::uint64_t bytes = 0;
  while (!entries_.empty() && (batch_.empty() || bytes + entries_.front().bytes().size() <= batch_bytes_)) {
    bytes += entries_.front().bytes().size();
    batch_.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
  if (!batch_.empty()) persisted_.last = batch_.back().id;
}

void LogWriter::close(io::Completion& done) {
  ASSERT(closing_ == nullptr);
  closing_ = &done;
  if (!wal_.is_writing()) wal_.close(done);
}

void LogWriter::complete(base::Status status) {
  if (closing_ != nullptr) return wal_.close(*closing_);
  if (!status) return listener_.on_log_failed(status.error());
  listener_.on_log_written(persisted_);
}

}  // namespace replica
