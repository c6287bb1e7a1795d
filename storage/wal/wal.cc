#include "storage/wal/wal.h"

#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/base/release.h"
#include "storage/wal/housekeeping.h"
#include "storage/wal/segments.h"
#include "storage/wal/write_operation.h"

namespace wal {

// An append is encoded at once. It then waits for the empty batch in flight, if there is one, and for the next segment, if
// it does not fit the current one; is written; and completes when it is durable.
class Wal::Impl final : WriteListener, HousekeepingListener, io::Timer, io::EndOfTurn {
 public:
  Impl(const io::World& world, Options options, Recovered recovered, WalListener& listener);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void append(const Batch& batch, io::Completion& done);
  bool is_writing() const { return done_ != nullptr; }
  void close(io::Completion& done);
  std::uint64_t segment_count() const { return segments_->closed_count() + 1 + (housekeeping_.prepared() ? 1 : 0); }

 private:
  enum class Stage : std::uint8_t {
    idle,     // no append
    waiting,  // encoded; for the empty batch in flight, or for the next segment
    writing,  // in flight
    failed,   // the error goes out on the next turn
  };

  void encode(const Batch& batch);
  void pump();
  bool switch_segment();
  void write(BatchWriter& writer);
  void tell_vote(std::string_view path, std::uint64_t offset, std::string_view bytes);
  void on_batch_durable();
  void prepare_ahead();
  void fail(const base::Error& error);
  void tell_failure();
  void finish_append(base::Status status);
  void close_when_idle();

  void on_written(base::Status status) override;
  void on_prepared(base::Status status) override;
  void on_retired(base::Status status) override;
  void on_timer() override;        // the log is idle: prove its last batch
  void on_end_of_turn() override;  // of the turn after: what must not complete inside a call

  const io::World world_;
  const Options options_;
  WalListener& listener_;
  const std::unique_ptr<Segments> segments_;
  std::optional<base::Error> failed_;  // final
  bool is_failure_told_ = false;       // to the listener, or by an append

  // The append.
  Stage stage_ = Stage::idle;
  io::Completion* done_ = nullptr;
  BatchWriter batch_;
  bool begins_segment_ = false;     // it does not fit the current one, and carries the whole state
  bool begins_log_ = false;         // it says where the log begins
  bool is_reset_ = false;           // and a snapshot took the place of what was in it
  base::EntryId first_;             // of its entries; 0/0 when it has none
  base::EntryId last_;
  SegmentNumber oldest_announced_;  // segments below go once it is durable
  base::Term term_told_;            // the observer knows of this term and vote
  base::MemberId vote_told_;

  BatchWriter proof_;  // the empty batch
  bool is_prepare_put_off_ = false;  // the disk was full: try again when there is no way around it
  io::Completion* closing_ = nullptr;
  WriteOperation operation_;
  Housekeeping housekeeping_;
};

Wal::Impl::Impl(const io::World& world, Options options, Recovered recovered, WalListener& listener)
    : world_(world),
      options_(std::move(options)),
      listener_(listener),
      segments_(std::move(recovered.segments)),
      operation_(*this),
      housekeeping_(world_, options_, segments_->current().header.identity, *this) {
  world_.observer.reached(recovered.marks);
  Segments::Rewritten& rewritten = segments_->rewritten;
  if (!rewritten.bytes.empty()) {
    tell_vote(segments_->current().path, kFirstBatchOffset, rewritten.bytes);
    if (rewritten.last != base::EntryId()) {
      world_.observer.on_event(
          io::WroteEntries{segments_->current().path, kFirstBatchOffset, rewritten.bytes, rewritten.first, rewritten.last});
    }
    base::release(rewritten.bytes);
  }
  world_.observer.on_event(io::LogSynced{segments_->tail().last.index});
  world_.clock.arm(*this, world_.clock.now() + options_.idle_proof_delay);
  prepare_ahead();
}

Wal::Impl::~Impl() {
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

// --- appending --------------------------------------------------------------------------------------

void Wal::Impl::append(const Batch& batch, io::Completion& done) {
  ASSERT(stage_ == Stage::idle);
  ASSERT(closing_ == nullptr);
  ASSERT(batch.hard_state || batch.store_mark || batch.start || !batch.entries.empty());
  done_ = &done;
  world_.clock.disarm(*this);
  if (failed_) {
    stage_ = Stage::failed;
    return world_.loop.on_next_turn(*this);
  }
  segments_->apply(batch);
  encode(batch);
  stage_ = Stage::waiting;
  if (operation_.is_running()) world_.observer.reached(base::Mark::log_waits_for_proof);
  pump();
}

void Wal::Impl::encode(const Batch& batch) {
  first_ = batch.entries.empty() ? base::EntryId() : batch.entries.front().id;
  last_ = batch.entries.empty() ? base::EntryId() : batch.entries.back().id;
  begins_log_ = batch.start.has_value();
  is_reset_ = batch.is_reset;
  batch_.begin();
  if (batch.hard_state) batch_.add(*batch.hard_state);
  if (batch.store_mark) batch_.add(*batch.store_mark);
  if (batch.start) {
    oldest_announced_ = segments_->oldest_needed();
    batch_.add(*batch.start, oldest_announced_);
    if (batch.is_reset) batch_.add_reset();
  }
  for (const base::Entry& entry : batch.entries) batch_.add(entry);

  const OpenSegment& current = segments_->current();
  begins_segment_ = current.end + batch_.padded_bytes() + kSectorBytes > current.header.bytes;
  if (!begins_segment_) return;
  const Segments::Tail& tail = segments_->tail();
  oldest_announced_ = segments_->oldest_needed_after_switch();
  batch_.begin();
  batch_.add(tail.hard_state);
  batch_.add(tail.store_mark);
  batch_.add(tail.start, oldest_announced_);
  if (batch.is_reset) batch_.add_reset();
  for (const base::Entry& entry : batch.entries) batch_.add(entry);
  if (batch.is_reset) world_.observer.reached(base::Mark::log_reset_in_next_segment);
  if (segment_bytes_for(options_, batch_.padded_bytes()) > segment_bytes_for(options_, 0)) world_.observer.reached(base::Mark::log_batch_outsized);
}

// Takes the append one step further, if it can go.
void Wal::Impl::pump() {
  if (stage_ != Stage::waiting || operation_.is_running() || failed_) return;
  if (begins_segment_ && !switch_segment()) return;
  stage_ = Stage::writing;
  if (last_ != base::EntryId()) segments_->note_entries(last_.index);
  write(batch_);
}

// False while the next segment is being made.
bool Wal::Impl::switch_segment() {
  if (housekeeping_.is_preparing()) return false;
  const std::uint64_t bytes = segment_bytes_for(options_, batch_.padded_bytes());
  const std::optional<OpenSegment>& prepared = housekeeping_.prepared();
  if (!prepared || prepared->header.bytes < bytes) {
    housekeeping_.prepare(segments_->current().header.number.next(), bytes);
    return false;
  }
  segments_->switch_to(housekeeping_.take());
  is_prepare_put_off_ = false;
  return true;
}

void Wal::Impl::write(BatchWriter& writer) {
  OpenSegment& current = segments_->current();
  const BatchNumber number = segments_->next_batch;
  // One batch in flight: everything before this one is durable.
  const std::string_view bytes = writer.seal(current.header, {number, number, current.chain});
  ASSERT(current.end + bytes.size() <= current.header.bytes);
  const std::uint64_t offset = current.end;
  segments_->next_batch = number.next();
  current.end += bytes.size();
  current.chain = writer.checksum();
  if (&writer == &batch_ && begins_log_) {
    const Segments::Tail& tail = segments_->tail();
    world_.observer.on_event(io::WroteStart{current.path, offset, bytes, tail.start.last_dropped, tail.store_mark, is_reset_});
  }
  if (&writer == &batch_ && last_ != base::EntryId()) {
    world_.observer.on_event(io::WroteEntries{current.path, offset, bytes, first_, last_});
  }
  const base::HardState& hard_state = segments_->tail().hard_state;
  if (&writer == &batch_ && (hard_state.term != term_told_ || hard_state.voted_for != vote_told_)) tell_vote(current.path, offset, bytes);
  operation_.start(*current.file, offset, bytes);
}

void Wal::Impl::tell_vote(std::string_view path, std::uint64_t offset, std::string_view bytes) {
  const base::HardState& hard_state = segments_->tail().hard_state;
  term_told_ = hard_state.term;
  vote_told_ = hard_state.voted_for;
  world_.observer.on_event(io::WroteVote{path, offset, bytes, term_told_, vote_told_});
}

void Wal::Impl::on_written(base::Status status) {
  if (!status && !failed_) failed_ = status.error();
  if (stage_ == Stage::writing) {
    if (status) on_batch_durable();
    finish_append(std::move(status));
    return tell_failure();
  }
  // It was the empty batch. An append that came meanwhile goes on, or learns of the failure.
  if (failed_) {
    fail(*failed_);
  } else {
    pump();
  }
  close_when_idle();
}

void Wal::Impl::on_batch_durable() {
  world_.observer.on_event(io::LogSynced{segments_->tail().last.index});
  housekeeping_.retire(segments_->take_below(oldest_announced_));
  prepare_ahead();
  world_.clock.arm(*this, world_.clock.now() + options_.idle_proof_delay);
}

void Wal::Impl::finish_append(base::Status status) {
  ASSERT(done_ != nullptr);
  stage_ = Stage::idle;
  if (!status) is_failure_told_ = true;
  std::exchange(done_, nullptr)->complete(std::move(status));
}

void Wal::Impl::fail(const base::Error& error) {
  if (!failed_) failed_ = error;
  world_.clock.disarm(*this);
  tell_failure();
  // An append in flight completes with what comes of it; one behind the empty batch when that is done.
  if (stage_ != Stage::waiting || operation_.is_running()) return;
  stage_ = Stage::failed;
  world_.loop.on_next_turn(*this);
}

// An idle member may append nothing for long, and would go on serving.
void Wal::Impl::tell_failure() {
  if (!failed_ || is_failure_told_ || stage_ != Stage::idle || closing_ != nullptr) return;
  is_failure_told_ = true;
  world_.observer.reached(base::Mark::log_failed_idle);
  listener_.on_wal_failed(*failed_);
}

// --- between appends --------------------------------------------------------------------------------

void Wal::Impl::on_timer() {
  ASSERT(stage_ == Stage::idle);
  ASSERT(!operation_.is_running());
  if (failed_) return;
  proof_.begin();
  write(proof_);  // every segment keeps a sector free for it
}

void Wal::Impl::prepare_ahead() {
  const OpenSegment& current = segments_->current();
  const bool is_half_full = current.end - kFirstBatchOffset > (current.header.bytes - kFirstBatchOffset) / 2;
  if (!is_half_full || housekeeping_.prepared() || housekeeping_.is_preparing() || is_prepare_put_off_) return;
  housekeeping_.prepare(current.header.number.next(), segment_bytes_for(options_, 0));
}

void Wal::Impl::on_prepared(base::Status status) {
  const bool is_awaited = stage_ == Stage::waiting && begins_segment_;
  if (status) {
    pump();
  } else if (status.error().code == base::Code::no_space && !is_awaited) {
    is_prepare_put_off_ = true;
    world_.observer.reached(base::Mark::log_segment_put_off);
    world_.observer.log(io::Level::warn, "no space for the next log segment; trying again when it is needed",
                        {{"error", status.error().detail}});
  } else {
    fail(status.error());
  }
  close_when_idle();
}

void Wal::Impl::on_retired(base::Status status) {
  if (!status) fail(status.error());
  close_when_idle();
}

void Wal::Impl::close(io::Completion& done) {
  ASSERT(stage_ == Stage::idle);
  ASSERT(closing_ == nullptr);
  closing_ = &done;
  world_.clock.disarm(*this);
  close_when_idle();
}

void Wal::Impl::close_when_idle() {
  if (closing_ == nullptr || operation_.is_running() || housekeeping_.is_busy()) return;
  world_.loop.on_next_turn(*this);
}

void Wal::Impl::on_end_of_turn() {
  if (stage_ == Stage::failed) return finish_append(base::fail(*failed_));
  if (closing_ != nullptr) std::exchange(closing_, nullptr)->complete({});
}

// --- the facade -------------------------------------------------------------------------------------

Wal::Wal(const io::World& world, Options options, Recovered recovered, WalListener& listener)
    : impl_(std::make_unique<Impl>(world, std::move(options), std::move(recovered), listener)) {}
Wal::~Wal() = default;
void Wal::append(const Batch& batch, io::Completion& done) { impl_->append(batch, done); }
bool Wal::is_writing() const { return impl_->is_writing(); }
void Wal::close(io::Completion& done) { impl_->close(done); }
std::uint64_t Wal::segment_count() const { return impl_->segment_count(); }

}  // namespace wal
