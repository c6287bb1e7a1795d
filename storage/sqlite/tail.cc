#include "storage/sqlite/tail.h"

#include <utility>

#include "core/base/assert.h"

namespace sqlite {

namespace {

// What a change costs besides its value; makes a million deletions count.
constexpr std::uint64_t kChangeBytes = 64;

std::uint64_t bytes_of(const Change& change) { return kChangeBytes + change.row.value.size(); }

Change without_value(ChangeKind kind, Bucket bucket, std::uint64_t id) {
  Change change;
  change.kind = kind;
  change.row.bucket = bucket;
  change.row.id = id;
  return change;
}

}  // namespace

Tail::Tail(base::EntryId applied, const base::Hash128& state) : state_(state) { begin_batch(applied); }

void Tail::begin_batch(base::EntryId applied) {
  open_ = std::make_unique<Batch>();
  open_->applied = applied;
  open_->state = state_;
  ++open_ordinal_;
  sealed_through_ = applied;
}

void Tail::put(Row row, const base::Hash128* replaced) {
  ASSERT(row.id >> 63U == 0);
  ASSERT(row.bucket == Bucket::key || (row.main == 0 && row.sub == 0));  // the other tables have no such columns
  const base::Hash128 added = hash(row);
  entry_is_open_ = true;
  state_.add(added);
  open_->rows_delta.add(added);
  if (replaced != nullptr) {
    state_.remove(*replaced);
    open_->rows_delta.remove(*replaced);
  }
  effect_.fold(added.high);
  effect_.fold(added.low);
  record(Change{ChangeKind::put, std::move(row)});
}

void Tail::erase(Bucket bucket, std::uint64_t id, const base::Hash128& replaced) {
  entry_is_open_ = true;
  state_.remove(replaced);
  open_->rows_delta.remove(replaced);
  effect_.fold(~replaced.high);  // told from putting the same row
  effect_.fold(~replaced.low);
  record(without_value(ChangeKind::erase, bucket, id));
}

void Tail::discard(Bucket bucket, std::uint64_t id) {
  const auto found = rows(bucket).find(id);
  if (found != rows(bucket).end()) {
    const Newest newest = found->second;
    if (newest.change->kind != ChangeKind::put) return;  // already gone
    if (newest.batch == open_ordinal_) {
      // The store never sees this version; an older one was accounted for when it was replaced.
      open_->rows_delta.remove(hash(newest.change->row));
      record(without_value(ChangeKind::erase, bucket, id));
      return;
    }
  }
  record(without_value(ChangeKind::discard, bucket, id));
}

Changes Tail::finish_entry(base::EntryId id) {
  ASSERT(id.index == open_->applied.index.next());
  ASSERT(id.term >= open_->applied.term);
  open_->applied = id;
  open_->state = state_;
  const Changes changes{effect_.value(), state_};
  effect_ = base::Digest();
  entry_is_open_ = false;
  return changes;
}

void Tail::record(Change change) {
  bytes_ += bytes_of(change);
  open_->bytes += bytes_of(change);
  Rows& of_bucket = rows(change.row.bucket);
  // New rows of `key` come in order, at the end.
  const auto [at, is_new] = of_bucket.try_emplace(change.row.id);
  Newest& newest = at->second;
  // A discard must reach the store: only there is the hash of the row that goes.
  if (!is_new && newest.batch == open_ordinal_ && newest.change->kind != ChangeKind::discard) {
    bytes_ -= bytes_of(*newest.change);
    open_->bytes -= bytes_of(*newest.change);
    *newest.change = std::move(change);
    return;
  }
  open_->changes.push_back(std::move(change));
  newest = {&open_->changes.back(), open_ordinal_};
}

const Change* Tail::find(Bucket bucket, std::uint64_t id) const {
  const auto found = rows(bucket).find(id);
  return found == rows(bucket).end() ? nullptr : found->second.change;
}

const Change* Tail::find_at_or_after(Bucket bucket, std::uint64_t from) const {
  const auto found = rows(bucket).lower_bound(from);
  return found == rows(bucket).end() ? nullptr : found->second.change;
}

bool Tail::open_is_empty() const { return open_->changes.empty() && open_->applied == sealed_through_; }

void Tail::seal() {
  ASSERT(!entry_is_open_);
  ASSERT(!open_is_empty());
  const base::EntryId applied = open_->applied;
  sealed_.push_back(std::move(open_));
  begin_batch(applied);
}

std::unique_ptr<Batch> Tail::take_oldest() {
  ASSERT(has_sealed());
  std::unique_ptr<Batch> batch = std::move(sealed_.front());
  sealed_.pop_front();
  for (const Change& change : batch->changes) {
    Rows& of_bucket = rows(change.row.bucket);
    const auto found = of_bucket.find(change.row.id);
    if (found != of_bucket.end() && found->second.change == &change) of_bucket.erase(found);
  }
  ASSERT(bytes_ >= batch->bytes);
  bytes_ -= batch->bytes;
  return batch;
}

}  // namespace sqlite
