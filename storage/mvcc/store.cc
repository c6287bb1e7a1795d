#include "storage/mvcc/store.h"

#include <limits>
#include <utility>

#include "core/base/assert.h"
#include "storage/mvcc/compacted_row.h"
#include "storage/mvcc/record.h"

namespace mvcc {

void Store::adopt(Loaded loaded) {
  ASSERT(last_row_ == RowId());
  ASSERT(index_.key_count() == 0);
  index_ = std::move(loaded.index);
  current_ = loaded.current;
  last_row_ = loaded.last_row;
  if (loaded.compacted) {
    compaction_.resume(*loaded.compacted);
    compacted_row_ = sqlite::hash(make_compacted_row(*loaded.compacted));
  }
  check_invariants();
}

tl::expected<Revision, RevisionError> Store::readable(std::int64_t requested) const {
  if (requested <= 0) return newest();
  const Revision revision = revision_from(requested);
  if (revision > newest()) return tl::unexpected(RevisionError::future);
  if (revision < compacted()) return tl::unexpected(RevisionError::compacted);
  return revision;
}

std::uint64_t Store::find(const KeyRange& range, Revision at, std::uint64_t limit, std::vector<Found>& found) const {
  ASSERT(at <= newest());
  ASSERT(at >= compacted());
  std::uint64_t count = 0;
  index_.visit(range, at, [&](std::string_view key, const KeyVersion& version) {
    if (count < limit) found.push_back(Found{key, version});
    ++count;
  });
  return count;
}

base::Result<std::string_view> Store::read(const KeyVersion& version) {
  ASSERT(!version.is_tombstone());
  if (!pending_.empty() && version.row.value() >= pending_.front().id) {
    return std::string_view(pending_[version.row.value() - pending_.front().id].value);
  }
  base::Result<std::optional<std::string_view>> row = backend_.read(sqlite::Bucket::key, version.row.value());
  if (!row) return base::fail(std::move(row.error()));
  if (!row->has_value()) {
    return base::fail(base::Code::damaged, "row " + std::to_string(version.row.value()) + " of the bucket `key` is gone");
  }
  return **row;
}

void Store::begin_entry() {
  ASSERT(!entry_is_open_);
  ASSERT(sub_ == SubRevision());
  ASSERT(pending_.empty());
  entry_is_open_ = true;
}

void Store::add_row(RowKind kind, Revision revision, std::string record) {
  pending_.push_back(make_row(last_row_, revision, sub_, kind, std::move(record)));
  sub_ = sub_.next();
}

void Store::put(std::string_view key, std::string_view value, std::int64_t lease) {
  ASSERT(entry_is_open_);
  const Revision revision = current_.next();
  last_row_ = last_row_.next();
  const KeyVersion& version = index_.put(key, revision, last_row_);
  const Record record{.key = key,
                      .create_revision = to_signed(version.created),
                      .mod_revision = to_signed(revision),
                      .version = static_cast<std::int64_t>(version.version),
                      .value = value,
                      .lease = lease};
  add_row(RowKind::put, revision, encode(record));
}

std::uint64_t Store::erase(const KeyRange& range) {
  ASSERT(entry_is_open_);
  ASSERT(doomed_.empty());
  find(range, newest(), std::numeric_limits<std::uint64_t>::max(), doomed_);
  const Revision revision = current_.next();
  for (const Found& found : doomed_) {
    last_row_ = last_row_.next();
    index_.erase(found.key, revision, last_row_);
    add_row(RowKind::tombstone, revision, encode({.key = found.key}));
  }
  const std::uint64_t count = doomed_.size();
  doomed_.clear();
  return count;
}

tl::expected<void, RevisionError> Store::compact(std::int64_t requested) {
  ASSERT(entry_is_open_);
  ASSERT(pending_.empty());
  if (requested < 0) return tl::unexpected(RevisionError::compacted);
  const Revision revision = revision_from(requested);
  if (revision <= compacted()) return tl::unexpected(RevisionError::compacted);
  if (revision > current_) return tl::unexpected(RevisionError::future);
  sqlite::Row row = make_compacted_row(revision);
  const base::Hash128 replaced = compacted_row_;
  compacted_row_ = sqlite::hash(row);
  backend_.put(std::move(row), compacted() ? &replaced : nullptr);
  compaction_.set_compacted(revision);
  return {};
}

void Store::run_compaction_slice(const CompactionBudget& budget, base::Marks& marks) {
  ASSERT(!entry_is_open_);
  compaction_.run_slice(index_, backend_, budget, marks);
  check_invariants();
}

void Store::end_entry() {
  ASSERT(entry_is_open_);
  tell_changes();
  for (sqlite::Row& row : pending_) backend_.put(std::move(row), nullptr);
  pending_.clear();
  current_ = newest();
  sub_ = SubRevision();
  entry_is_open_ = false;
  check_invariants();
}

void Store::tell_changes() {
  if (listener_ == nullptr || pending_.empty()) return;
  for (const sqlite::Row& row : pending_) {
    const base::Result<Record> fields = decode(row.value);
    ASSERT(fields.has_value());  // encoded by put() or erase()
    changes_.push_back({kind_of(row.view()), *fields, row.value});
  }
  listener_->on_changes(newest(), changes_);
  changes_.clear();
}

void Store::abandon_entry() {
  ASSERT(entry_is_open_);
  for (; !pending_.empty(); pending_.pop_back()) {
    const sqlite::Row& row = pending_.back();
    const base::Result<Record> record = decode(row.value);
    ASSERT(record.has_value());  // encoded above
    index_.undo(record->key, RowId(row.id));
    last_row_ = RowId(row.id - 1);
  }
  sub_ = SubRevision();
  entry_is_open_ = false;
  check_invariants();
}

void Store::check_invariants() const {
  ASSERT(current_ >= kEmptyStoreRevision);
  ASSERT(compacted() <= current_);
  ASSERT(last_row_.value() >= index_.key_count());  // each key has a row of its own
}

}  // namespace mvcc
