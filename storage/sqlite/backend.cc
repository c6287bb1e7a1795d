#include "storage/sqlite/backend.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "storage/sqlite/jobs.h"
#include "storage/sqlite/page.h"
#include "storage/sqlite/sources.h"
#include "storage/sqlite/tail.h"
#include "storage/sqlite/vfs.h"

namespace sqlite {

namespace {

// A checkpoint that a reader kept from finishing is tried again after this long.
constexpr base::Duration kIncompleteDelay = std::chrono::milliseconds(5);

}  // namespace

// Sealed batches become jobs one by one. Between jobs pump() decides what comes next, and it alone submits:
//
//   opening -> idle -> writing -> idle -> checkpointing -> idle …    any -> failed, closed
class Backend::Impl final : public JobListener, public io::EndOfTurn, private Sources::Listener {
 public:
  // Without a queue it opens its own.
  Impl(const io::World& world, BackendOptions options, io::WorkQueue* queue)
      : world_(world),
        options_(std::move(options)),
        own_queue_(queue == nullptr ? world.workers.open_queue("store") : nullptr),
        queue_(queue == nullptr ? *own_queue_ : *queue) {
    ASSERT(options_.batch_rows > 0);
    ASSERT(options_.wal_bytes_max >= 2 * kWalFrameBytes);
    ASSERT(options_.vacuum_pages > 0);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    disarm_timers();
    world_.loop.forget(*this);
    world_.loop.forget(close_hook_);
  }

  void open(const base::StoreMark& mark, base::LogIndex first_kept, RowVisitor& visitor, BackendListener& listener,
            io::Completion& done);
  void close(io::Completion& done);

  Tail& tail() {
    ASSERT(tail_ != nullptr);
    return *tail_;
  }
  void on_change();
  void want_durable();
  base::Result<std::optional<RowView>> read(Bucket bucket, std::uint64_t id);
  base::Result<std::optional<RowView>> read_at_or_after(Bucket bucket, std::uint64_t from);
  const base::StoreMark& durable_mark() const { return durable_; }
  const Sizes& sizes() const { return sizes_; }
  base::Result<std::unique_ptr<Snapshot>> take_snapshot();

  void on_opened() override;
  void on_batch_written() override;
  void on_checkpointed() override;
  void on_end_of_turn() override;

 private:
  enum class Stage : std::uint8_t { unopened, opening, idle, writing, checkpointing, failed, closed };

  // A timer that calls a member function.
  template <void (Impl::*kHandler)()>
  class TimerTo final : public io::Timer {
   public:
    explicit TimerTo(Impl& impl) : impl_(impl) {}
    void on_timer() override { (impl_.*kHandler)(); }

   private:
    Impl& impl_;
  };
  // Completes a close() with nothing to wait for, on a turn of its own.
  class CloseHook final : public io::EndOfTurn {
   public:
    explicit CloseHook(Impl& impl) : impl_(impl) {}
    void on_end_of_turn() override { impl_.finish_close(); }

   private:
    Impl& impl_;
  };

  void pump();
  void write_batch();
  void checkpoint();
  std::uint64_t wal_bytes() const;
  bool must_checkpoint_first() const;
  bool has_something_new() const;
  // The job has ended; true when the store is to go on.
  bool job_ended();
  void fail(const base::Error& error);
  void retry_after(base::Duration delay);
  void finish_close();
  void disarm_timers();
  void arm(io::Timer& timer, base::Duration delay) { world_.clock.arm(timer, world_.clock.now() + delay); }
  void on_batch_timer();
  void on_checkpoint_timer();
  void on_retry_timer() { pump(); }
  void on_source_gone() override;
  void ask_for_end_of_turn();

  const io::World world_;
  const BackendOptions options_;
  Stage stage_ = Stage::unopened;
  BackendListener* listener_ = nullptr;
  io::Completion* opened_ = nullptr;  // while opening
  io::Completion* closed_ = nullptr;  // from close() on

  OpenJob open_job_{*this};
  BatchJob batch_job_{*this};
  CheckpointJob checkpoint_job_{*this};
  std::unique_ptr<Store> store_;  // outlives its connections
  std::unique_ptr<Writer> writer_;  // the running job's; the loop only hands it on
  std::unique_ptr<Reader> reader_;
  Sources sources_{options_, *this};

  std::unique_ptr<Tail> tail_;
  std::vector<std::unique_ptr<Batch>> retired_;  // written; views into them live until the turn ends
  base::StoreMark durable_;
  base::LogIndex stored_;  // the last entry in the store's files
  Sizes sizes_;            // as of the last job

  bool flush_is_due_ = false;       // the open batch should be written although it is small
  bool checkpoint_is_due_ = false;  // as soon as nothing is sealed
  bool last_checkpoint_was_incomplete_ = false;
  bool waits_for_sources_ = false;  // the next checkpoint would cover no more than the last one,
  bool sync_is_due_ = false;        // but make more of it durable
  bool asked_for_end_of_turn_ = false;
  bool told_no_space_ = false;  // the operator was told, once per shortage

  TimerTo<&Impl::on_batch_timer> batch_timer_{*this};
  TimerTo<&Impl::on_checkpoint_timer> checkpoint_timer_{*this};
  TimerTo<&Impl::on_retry_timer> retry_timer_{*this};
  CloseHook close_hook_{*this};
  const std::unique_ptr<io::WorkQueue> own_queue_;  // first to go: its jobs use all of the above
  io::WorkQueue& queue_;
};

// Opening and closing.

void Backend::Impl::open(const base::StoreMark& mark, base::LogIndex first_kept, RowVisitor& visitor,
                         BackendListener& listener, io::Completion& done) {
  ASSERT(stage_ == Stage::unopened);
  stage_ = Stage::opening;
  listener_ = &listener;
  opened_ = &done;
  durable_ = mark;
  open_job_.prepare({world_.disk, world_.random, options_, mark, first_kept, visitor});
  queue_.submit(open_job_);
}

void Backend::Impl::on_opened() {
  ASSERT(stage_ == Stage::opening);
  io::Completion& done = *std::exchange(opened_, nullptr);
  const base::Status status = open_job_.status();
  world_.observer.reached(open_job_.marks());
  if (status) {
    store_ = open_job_.take_store();
    writer_ = open_job_.take_writer();
    reader_ = open_job_.take_reader();
    const Meta& meta = writer_->meta();
    tail_ = std::make_unique<Tail>(meta.applied, meta.state);
    stored_ = meta.applied.index;
    sizes_ = writer_->sizes();
    stage_ = Stage::idle;
    if (stored_ > durable_.applied) arm(checkpoint_timer_, options_.checkpoint_delay);
  } else {
    stage_ = Stage::failed;
  }
  done.complete(status);
  if (closed_ != nullptr) finish_close();
}

void Backend::Impl::close(io::Completion& done) {
  ASSERT(closed_ == nullptr);
  closed_ = &done;
  disarm_timers();
  const bool job_is_running = stage_ == Stage::opening || stage_ == Stage::writing || stage_ == Stage::checkpointing;
  if (!job_is_running) world_.loop.on_next_turn(close_hook_);
}

void Backend::Impl::finish_close() {
  disarm_timers();
  stage_ = Stage::closed;
  closed_->complete({});
}

void Backend::Impl::disarm_timers() {
  world_.clock.disarm(batch_timer_);
  world_.clock.disarm(checkpoint_timer_);
  world_.clock.disarm(retry_timer_);
}

// Writing.

// After each entry and each discard.
void Backend::Impl::on_change() {
  if (tail_->entry_is_open() || tail_->open_is_empty()) return;
  const Batch& open = tail_->open();
  if (open.bytes >= options_.batch_bytes || open.changes.size() >= options_.batch_rows) {
    tail_->seal();
    world_.clock.disarm(batch_timer_);
    pump();
  } else if (flush_is_due_) {
    pump();  // asked for while the entry was open
  } else if (!batch_timer_.is_armed() && closed_ == nullptr) {
    arm(batch_timer_, options_.batch_delay);
  }
}

void Backend::Impl::on_batch_timer() {
  flush_is_due_ = true;
  pump();
}

void Backend::Impl::on_checkpoint_timer() {
  checkpoint_is_due_ = true;
  sync_is_due_ = true;
  pump();
}

bool Backend::Impl::has_something_new() const {
  return stored_ > durable_.applied || tail_->has_sealed() || !tail_->open_is_empty();
}

void Backend::Impl::want_durable() {
  if (!has_something_new()) return;
  flush_is_due_ = true;
  checkpoint_is_due_ = true;
  sync_is_due_ = true;
  pump();
}

std::uint64_t Backend::Impl::wal_bytes() const { return sizes_.wal_frames * kWalFrameBytes; }

bool Backend::Impl::must_checkpoint_first() const {
  if (!sources_.is_empty()) return false;  // it would not help: their budgets are the bound
  const std::uint64_t wal_bytes = this->wal_bytes();
  if (wal_bytes < options_.wal_bytes_max / 2) return false;
  // A long read transaction may keep checkpoints from finishing; up to the bound batches go on between them.
  return !last_checkpoint_was_incomplete_ || wal_bytes >= options_.wal_bytes_max;
}

void Backend::Impl::pump() {
  if (stage_ != Stage::idle || closed_ != nullptr || retry_timer_.is_armed()) return;
  if (flush_is_due_ && !tail_->entry_is_open()) {
    flush_is_due_ = false;
    world_.clock.disarm(batch_timer_);
    if (!tail_->open_is_empty()) tail_->seal();
  }
  if (sources_.cut_off(wal_bytes())) world_.observer.reached(base::Mark::store_snapshot_cut_off);
  if (sources_.is_empty()) waits_for_sources_ = false;
  if (tail_->has_sealed()) {
    if (must_checkpoint_first()) checkpoint();
    else write_batch();
  } else if (checkpoint_is_due_ && (!waits_for_sources_ || (sync_is_due_ && stored_ > durable_.applied))) {
    checkpoint();
  }
}

void Backend::Impl::write_batch() {
  stage_ = Stage::writing;
  last_checkpoint_was_incomplete_ = false;
  batch_job_.prepare(*store_, *writer_, tail_->oldest());
  queue_.submit(batch_job_);
}

void Backend::Impl::on_batch_written() {
  ASSERT(stage_ == Stage::writing);
  const base::Status status = batch_job_.status();
  if (status) {
    // The rows leave the tail now, so the reader must not go on in a transaction begun before they came.
    reader_->end_transaction();
    retired_.push_back(tail_->take_oldest());
    ask_for_end_of_turn();
    stored_ = retired_.back()->applied.index;
    sizes_ = writer_->sizes();
    told_no_space_ = false;
    if (!checkpoint_timer_.is_armed() && closed_ == nullptr) arm(checkpoint_timer_, options_.checkpoint_delay);
  }
  if (!job_ended()) return;
  if (!status) return fail(status.error());
  pump();
  listener_->on_room();
}

void Backend::Impl::checkpoint() {
  stage_ = Stage::checkpointing;
  // Not again before the last one is covered, or `-wal` would grow with each attempt.
  const bool has_many_free =
      sizes_.free_pages > options_.vacuum_pages && !last_checkpoint_was_incomplete_ && !must_checkpoint_first() && sources_.is_empty();
  checkpoint_job_.prepare(*store_, *writer_, has_many_free ? options_.vacuum_pages : 0);
  queue_.submit(checkpoint_job_);
}

void Backend::Impl::on_checkpointed() {
  ASSERT(stage_ == Stage::checkpointing);
  const base::Result<bool> covered = checkpoint_job_.covered();
  sizes_ = writer_->sizes();
  const bool mark_moves = covered && stored_ > durable_.applied;
  if (mark_moves) durable_.applied = stored_;
  if (!job_ended()) return;
  if (!covered) return fail(covered.error());
  sync_is_due_ = false;
  last_checkpoint_was_incomplete_ = !*covered;
  if (*covered) {
    checkpoint_is_due_ = false;
    told_no_space_ = false;
    world_.clock.disarm(checkpoint_timer_);
    if (sizes_.free_pages > options_.vacuum_pages) arm(checkpoint_timer_, options_.vacuum_delay);
  } else {
    checkpoint_is_due_ = true;
    waits_for_sources_ = !sources_.is_empty();
    if (waits_for_sources_) world_.observer.reached(base::Mark::store_checkpoint_waits);
    if (!waits_for_sources_) retry_after(kIncompleteDelay);
  }
  pump();
  if (mark_moves) listener_->on_durable(durable_);
}

bool Backend::Impl::job_ended() {
  stage_ = Stage::idle;
  if (closed_ == nullptr) return true;
  finish_close();
  return false;
}

// Out of space is worth another try: nothing was lost, and an operator can make room. All else is final.
void Backend::Impl::fail(const base::Error& error) {
  if (error.code == base::Code::no_space) {
    world_.observer.reached(base::Mark::store_without_space);
    if (!std::exchange(told_no_space_, true)) {
      world_.observer.log(io::Level::warn, "no space left for the store; trying again", {{"error", error.detail}});
    }
    sources_.cut_off_all();  // without them `-wal` begins anew, where space was before
    return retry_after(options_.retry_delay);
  }
  stage_ = Stage::failed;
  disarm_timers();
  listener_->on_failed(error);
}

void Backend::Impl::retry_after(base::Duration delay) { arm(retry_timer_, delay); }

// Reading.

void Backend::Impl::ask_for_end_of_turn() {
  if (!std::exchange(asked_for_end_of_turn_, true)) world_.loop.at_end_of_turn(*this);
}

void Backend::Impl::on_end_of_turn() {
  asked_for_end_of_turn_ = false;
  retired_.clear();
  const Call call(*store_);
  reader_->end_turn();
}

base::Result<std::optional<RowView>> Backend::Impl::read(Bucket bucket, std::uint64_t id) {
  if (const Change* change = tail().find(bucket, id); change != nullptr) {
    return change->kind == ChangeKind::put ? std::optional(change->row.view()) : std::nullopt;
  }
  ask_for_end_of_turn();
  const Call call(*store_);
  return reader_->read(bucket, id);
}

// Merges two ordered sources; of a row that is in both, the tail's is the newer.
base::Result<std::optional<RowView>> Backend::Impl::read_at_or_after(Bucket bucket, std::uint64_t from) {
  ask_for_end_of_turn();
  const Call call(*store_);
  std::optional<RowView> stored;
  bool stored_is_current = false;  // it is the first one at or above `from`
  for (;;) {
    if (!stored_is_current) {
      base::Result<std::optional<RowView>> found = reader_->read_at_or_after(bucket, from);
      if (!found) return found;
      stored = *found;
      stored_is_current = true;
    }
    const Change* change = tail().find_at_or_after(bucket, from);
    if (change == nullptr || (stored && stored->id < change->row.id)) return stored;
    if (change->kind == ChangeKind::put) return std::optional(change->row.view());
    if (stored && stored->id == change->row.id) stored_is_current = false;
    from = change->row.id + 1;
  }
}

// Snapshots.

base::Result<std::unique_ptr<Snapshot>> Backend::Impl::take_snapshot() {
  ASSERT(store_ != nullptr);
  ASSERT(closed_ == nullptr);
  return sources_.take(*store_);
}

// Another one may still be open, and the older of the two was this.
void Backend::Impl::on_source_gone() {
  waits_for_sources_ = false;
  pump();
}

// The interface.

Backend::Backend(const io::World& world, BackendOptions options)
    : impl_(std::make_unique<Impl>(world, std::move(options), nullptr)) {}
Backend::Backend(const io::World& world, BackendOptions options, io::WorkQueue& queue)
    : impl_(std::make_unique<Impl>(world, std::move(options), &queue)) {}

Backend::~Backend() = default;

void Backend::open(const base::StoreMark& mark, base::LogIndex first_kept, RowVisitor& visitor,
                   BackendListener& listener, io::Completion& done) {
  impl_->open(mark, first_kept, visitor, listener, done);
}

void Backend::close(io::Completion& done) { impl_->close(done); }

base::LogIndex Backend::applied() const { return impl_->tail().applied().index; }
base::Term Backend::applied_term() const { return impl_->tail().applied().term; }
base::Hash128 Backend::state() const { return impl_->tail().state(); }

void Backend::put(Row row, const base::Hash128* replaced) { impl_->tail().put(std::move(row), replaced); }

void Backend::erase(Bucket bucket, std::uint64_t id, const base::Hash128& replaced) {
  impl_->tail().erase(bucket, id, replaced);
}

Changes Backend::finish_entry(base::EntryId id) {
  const Changes changes = impl_->tail().finish_entry(id);
  impl_->on_change();
  return changes;
}

void Backend::discard(Bucket bucket, std::uint64_t id) {
  impl_->tail().discard(bucket, id);
  impl_->on_change();
}

base::Result<std::optional<std::string_view>> Backend::read(Bucket bucket, std::uint64_t id) {
  const base::Result<std::optional<RowView>> row = impl_->read(bucket, id);
  if (!row) return base::fail(row.error());
  return *row ? std::optional((*row)->value) : std::nullopt;
}

base::Result<std::optional<RowView>> Backend::read_at_or_after(Bucket bucket, std::uint64_t from) {
  return impl_->read_at_or_after(bucket, from);
}

std::uint64_t Backend::unmaterialised_bytes() const { return impl_->tail().bytes(); }
std::uint64_t Backend::newest_batch() const { return impl_->tail().newest_batch(); }
std::uint64_t Backend::stored_batch() const { return impl_->tail().taken_batch(); }
void Backend::want_durable() { impl_->want_durable(); }
base::StoreMark Backend::durable_mark() const { return impl_->durable_mark(); }

base::Result<std::unique_ptr<Snapshot>> Backend::take_snapshot() { return impl_->take_snapshot(); }

std::uint64_t Backend::size_bytes() const { return impl_->sizes().pages * kPageBytes; }
std::uint64_t Backend::size_in_use_bytes() const {
  return (impl_->sizes().pages - impl_->sizes().free_pages) * kPageBytes;
}

}  // namespace sqlite
