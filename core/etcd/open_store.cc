#include "core/etcd/open_store.h"

#include <utility>

#include "core/base/assert.h"

namespace etcd {

OpenStore::OpenStore(const io::World& world, const sqlite::BackendOptions& options, CompactionPace pace, io::WorkQueue& queue)
    : backend_(world, options, queue), store_(backend_), compactor_(world, store_, backend_, pace), members_(backend_), leases_(backend_) {
  store_.set_listener(*this);
}

void OpenStore::open(const base::StoreMark& mark, base::LogIndex first_kept, sqlite::BackendListener& listener, io::Completion& done) {
  ASSERT(opening_ == nullptr);
  ASSERT(!is_open_);
  generation_ = mark.generation;
  opening_ = &done;
  backend_.open(mark, first_kept, *this, listener, *this);
}

void OpenStore::on_row(const sqlite::RowView& row) {
  switch (row.bucket) {
    case sqlite::Bucket::key: leases_.on_row(row); return loader_.on_row(row);
    case sqlite::Bucket::compaction: return loader_.on_row(row);
    case sqlite::Bucket::members: return members_.on_row(row);
    case sqlite::Bucket::lease: return leases_.on_row(row);
    case sqlite::Bucket::auth:
    case sqlite::Bucket::alarm: return;  // not written yet
  }
}

void OpenStore::on_changes(mvcc::Revision revision, const std::vector<mvcc::KeyChange>& changes) {
  leases_.on_changes(changes);
  if (change_listener_ != nullptr) change_listener_->on_changes(revision, changes);
}

void OpenStore::complete(base::Status status) {
  ASSERT(opening_ != nullptr);
  is_open_ = status.has_value();
  if (status) status = load();
  std::exchange(opening_, nullptr)->complete(std::move(status));
}

base::Status OpenStore::load() {
  base::Result<mvcc::Loaded> loaded = loader_.take();
  if (!loaded) return base::fail(std::move(loaded.error()));
  if (base::Status members = members_.loaded(); !members) return members;
  if (base::Status leases = leases_.load(); !leases) return leases;
  store_.adopt(std::move(*loaded));
  compactor_.wake();  // a crash may have brought rows back
  return {};
}

void OpenStore::close(io::Completion& done) {
  compactor_.stop();
  backend_.close(done);
}

}  // namespace etcd
