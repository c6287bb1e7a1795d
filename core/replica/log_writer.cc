#include "core/replica/log_writer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/base/mark.h"

namespace replica {

namespace {
// The first acknowledgement says all that the second does.
bool says_more(const raft::Outbound& one, const raft::Outbound& other) {
  const auto* later = std::get_if<raft::AppendReply>(&one.message);
  const auto* earlier = std::get_if<raft::AppendReply>(&other.message);
  return one.to == other.to && later != nullptr && earlier != nullptr && later->term == earlier->term && later->index >= earlier->index;
}
}  // namespace

LogWriter::LogWriter(const io::World& world, wal::Options options, wal::Recovered recovered, std::uint64_t batch_bytes,
                     LogWriterListener& listener)
    : listener_(listener),
      observer_(world.observer),
      batch_bytes_(batch_bytes),
      persisted_{recovered.state.hard_state.term, recovered.state.last()},
      voted_for_(recovered.state.hard_state.voted_for),
      wal_(world, std::move(options), std::move(recovered), *this) {}

void LogWriter::add(raft::Output& output) {
  ASSERT(!output.install || is_install_waiting_);
  if (output.hard_state) hard_state_ = output.hard_state;
  if (!output.entries.empty()) drop_tail(output.entries.front().id.index);
  for (const base::Entry& entry : output.entries) {
    ASSERT(entries_.empty() || entry.id.index == entries_.back().id.index.next());
    entries_.push_back(entry);
    ++asked_;
  }
  if (is_idle() && !wal_.is_writing()) return;
  const std::uint64_t batch = is_idle() ? batch_number_ : batch_number_ + 1;
  for (raft::Outbound& message : output.after_persist) {
    const bool is_same_place = !promises_.empty() && promises_.back().batch == batch && promises_.back().position == asked_;
    // A disk that hangs is asked again and again how far it is.
    if (is_same_place && says_more(message, promises_.back().message)) promises_.back().message = std::move(message);
    else promises_.push_back({std::move(message), batch, asked_});
  }
  output.after_persist.clear();
}

// Entries that waited and lost are never written, so what was to be said of them would be a lie. Those that are in a batch already
// will have been durable for a while: that is as true as a message that was long on its way.
void LogWriter::drop_tail(base::LogIndex from) {
  while (!entries_.empty() && entries_.back().id.index >= from) {
    observer_.reached(base::Mark::write_replaced_in_queue);
    entries_.pop_back();
    --asked_;
  }
  while (!promises_.empty() && promises_.back().position > asked_) {
    observer_.reached(base::Mark::promise_never_sent);
    promises_.pop_back();
  }
}

bool LogWriter::is_idle() const { return entries_.empty() && !hard_state_ && !store_mark_ && !start_; }

void LogWriter::add_store_mark(const base::StoreMark& mark) {
  ASSERT(!store_mark_ || *store_mark_ <= mark);
  store_mark_ = mark;
}

void LogWriter::add_start(base::LogStart start) {
  ASSERT(!is_install_waiting_);
  start_ = std::move(start);
}

void LogWriter::add_install(base::LogStart start, const base::StoreMark& mark) {
  ASSERT(!is_installing());
  drop_tail(base::LogIndex());
  is_install_waiting_ = true;
  start_ = std::move(start);
  store_mark_ = mark;
}

void LogWriter::flush(base::LogIndex committed) {
  ASSERT(closing_ == nullptr);
  if (wal_.is_writing()) return;
  if (is_idle()) return;
  is_install_in_flight_ = std::exchange(is_install_waiting_, false);
  if (is_install_in_flight_) persisted_.last = start_->last_dropped;
  take_batch();
  ++batch_number_;
  if (hard_state_) {
    persisted_.term = hard_state_->term;
    voted_for_ = hard_state_->voted_for;
  }
  wal::Batch batch;
  // What lies behind this batch is not on the disk yet, and something else may be there.
  batch.hard_state = base::HardState{persisted_.term, voted_for_, std::min(committed, persisted_.last.index)};
  batch.entries = batch_;
  batch.store_mark = store_mark_;
  batch.start = start_;
  batch.is_reset = is_install_in_flight_;
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
    ++taken_;
  }
  ASSERT(asked_ == taken_ + entries_.size());
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
  is_install_in_flight_ = false;
  listener_.on_log_written(persisted_, take_promises());
}

// One acknowledgement for all appends of a sync: the last says what those before it said.
std::vector<raft::Outbound> LogWriter::take_promises() {
  std::vector<raft::Outbound> out;
  while (!promises_.empty() && promises_.front().batch <= batch_number_ && promises_.front().position <= taken_) {
    raft::Outbound message = std::move(promises_.front().message);
    promises_.pop_front();
    if (!out.empty() && says_more(message, out.back())) out.back() = std::move(message);
    else out.push_back(std::move(message));
  }
  return out;
}

}  // namespace replica
