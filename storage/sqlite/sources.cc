#include "storage/sqlite/sources.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "storage/sqlite/snapshot_reader.h"

namespace sqlite {

class Sources::Source final : public Snapshot, public base::ListNode<Source> {
 public:
  Source(Sources& sources, std::unique_ptr<SnapshotReader> reader, std::uint64_t budget)
      : sources_(sources), applied_(reader->header().applied.index), budget_(budget), reader_(std::move(reader)) {
    sources_.open_.push_back(*this);
  }
  ~Source() override { let_go(); }

  base::LogIndex applied() const override { return applied_; }

  base::Result<bool> read(std::size_t bytes, std::string& piece) override {
    if (reader_ == nullptr) {
      return base::fail(base::Code::overloaded, "the snapshot at log index " + base::to_text(applied_) +
                                                    " was cut off: it keeps more of the store's -wal than it may");
    }
    const base::Result<bool> more = reader_->read(bytes, piece);
    if (!more || *more) return more;
    sources_.on_read_to_end();
    return false;
  }

  std::uint64_t budget() const { return budget_; }
  void cut_off() {
    reader_.reset();
    unlink();
  }

 private:
  void let_go() {
    if (reader_ == nullptr) return;
    cut_off();
    sources_.listener_.on_source_gone();
  }

  Sources& sources_;
  const base::LogIndex applied_;
  const std::uint64_t budget_;
  std::unique_ptr<SnapshotReader> reader_;  // null: cut off
};

Sources::Sources(const BackendOptions& options, Listener& listener)
    : options_(options), listener_(listener), next_budget_(options.snapshot_wal_bytes) {
  ASSERT(options.snapshot_wal_bytes >= options.wal_bytes_max);
  ASSERT(options.snapshot_wal_bytes_max >= options.snapshot_wal_bytes);
}

Sources::~Sources() { ASSERT(is_empty()); }

base::Result<std::unique_ptr<Snapshot>> Sources::take(Store& store) {
  base::Result<std::unique_ptr<SnapshotReader>> reader = SnapshotReader::open(store);
  if (!reader) return base::fail(reader.error());
  return std::make_unique<Source>(*this, std::move(*reader), next_budget_);
}

bool Sources::cut_off(std::uint64_t wal_bytes) {
  bool has_cut = false;
  base::IntrusiveList<Source> kept;
  while (!open_.is_empty()) {
    Source& source = open_.pop_front();
    if (wal_bytes < source.budget()) {
      kept.push_back(source);
      continue;
    }
    source.cut_off();
    has_cut = true;
    // Not twice for two that had the same.
    next_budget_ = std::max(next_budget_, std::min(2 * source.budget(), options_.snapshot_wal_bytes_max));
  }
  open_.take_all(kept);
  return has_cut;
}

void Sources::cut_off_all() {
  while (!open_.is_empty()) open_.front().cut_off();
}

void Sources::on_read_to_end() { next_budget_ = options_.snapshot_wal_bytes; }

}  // namespace sqlite
