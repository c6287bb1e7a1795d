#include "core/etcd/compactor.h"

#include "core/base/assert.h"

namespace etcd {

Compactor::Compactor(const io::World& world, mvcc::Store& store, sqlite::Backend& backend, CompactionPace pace)
    : world_(world), store_(store), backend_(backend), pace_(pace) {
  ASSERT(pace_.slice.keys > 0);
  ASSERT(pace_.slice.versions > 0);
}

void Compactor::arm(base::Duration delay) {
  if (!is_armed()) world_.clock.arm(*this, world_.clock.now() + delay);
}

void Compactor::wake() {
  if (!is_stopped_ && store_.is_compaction_pending()) arm(base::Duration(0));
}

void Compactor::stop() {
  is_stopped_ = true;
  world_.clock.disarm(*this);
}

void Compactor::wait(RemovalWait& wait) {
  ASSERT(store_.compacted().has_value());
  wait.revision_ = *store_.compacted();
  removing_.push_back(wait);
  if (!is_stopped_) arm(base::Duration(0));
}

void Compactor::take_over(Compactor& other) {
  base::IntrusiveList<RemovalWait> waiting;
  waiting.take_all(other.committing_);
  waiting.take_all(other.removing_);
  while (!waiting.is_empty()) wait(waiting.pop_front());
}

void Compactor::on_timer() {
  if (store_.is_compaction_pending() && backend_.unmaterialised_bytes() <= pace_.unmaterialised_bytes_max) {
    base::Marks marks;
    store_.run_compaction_slice(pace_.slice, marks);
    world_.observer.reached(marks);
  }
  if (store_.is_compaction_pending()) arm(pace_.pause);
  note_removed();
  answer_committed();
}

void Compactor::note_removed() {
  while (!removing_.is_empty() && removing_.front().revision_ <= store_.removed()) {
    RemovalWait& wait = removing_.pop_front();
    wait.batch_ = backend_.newest_batch();
    committing_.push_back(wait);
  }
}

void Compactor::answer_committed() {
  while (!committing_.is_empty() && committing_.front().batch_ <= backend_.stored_batch()) {
    committing_.pop_front().on_removed();
  }
}

}  // namespace etcd
