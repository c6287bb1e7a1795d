// storage/sqlite/tail.h: what entries have changed and the store's files do not hold yet.
//
// Changes gather in an open batch; sealed batches wait in order, and the first one may be in the hands of the
// store worker, which only reads it. For each row the newest change wins. A batch leaves the tail once the
// store holds it.
//
//   changes come in ->  [ open ]      [ sealed ][ sealed ][ being written ]  -> SQLite
//                       newest                              oldest
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>

#include "core/base/hash.h"
#include "core/base/ids.h"
#include "storage/sqlite/backend.h"

namespace sqlite {

enum class ChangeKind : std::uint8_t {
  put,
  erase,    // the row, if any, was accounted for by whoever erased it
  discard,  // the row is in the store; the job that deletes it accounts for it
};

struct Change {
  ChangeKind kind = ChangeKind::put;
  Row row;  // bucket and id alone unless kind is put
};

// Becomes one transaction.
struct Batch {
  std::deque<Change> changes;  // addresses stay
  std::uint64_t bytes = 0;
  base::Hash128 rows_delta;  // what putting and erasing does to the sum of all rows; discards not included
  base::EntryId applied;     // the last entry whose changes are in
  base::Hash128 state;       // after it
};

class Tail {
 public:
  // What the store's files hold.
  Tail(base::EntryId applied, const base::Hash128& state);
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;

  base::EntryId applied() const { return open_->applied; }
  const base::Hash128& state() const { return state_; }
  std::uint64_t bytes() const { return bytes_; }

  // As in Backend.
  void put(Row row, const base::Hash128* replaced);
  void erase(Bucket bucket, std::uint64_t id, const base::Hash128& replaced);
  void discard(Bucket bucket, std::uint64_t id);
  Changes finish_entry(base::EntryId id);

  // The newest change of a row, or null.
  const Change* find(Bucket bucket, std::uint64_t id) const;
  // The newest change of the first changed row at or above `from`, or null.
  const Change* find_at_or_after(Bucket bucket, std::uint64_t from) const;

  const Batch& open() const { return *open_; }
  bool open_is_empty() const;  // neither changes nor an entry
  // The last batch that holds anything, and the last one that left through take_oldest(). They count from 1.
  std::uint64_t newest_batch() const { return open_is_empty() ? open_ordinal_ - 1 : open_ordinal_; }
  std::uint64_t taken_batch() const { return open_ordinal_ - 1 - sealed_.size(); }
  bool entry_is_open() const { return entry_is_open_; }
  // Requires: the open batch is not empty, and no entry is open.
  void seal();

  bool has_sealed() const { return !sealed_.empty(); }
  // Requires: has_sealed().
  const Batch& oldest() const { return *sealed_.front(); }
  // The oldest sealed batch, out of sight of find(); views into it live as long as it does.
  std::unique_ptr<Batch> take_oldest();

 private:
  struct Newest {
    Change* change = nullptr;
    std::uint64_t batch = 0;  // its ordinal; open_ordinal_ for the open one
  };
  using Rows = std::map<std::uint64_t, Newest>;

  Rows& rows(Bucket bucket) { return rows_[static_cast<std::size_t>(bucket)]; }
  const Rows& rows(Bucket bucket) const { return rows_[static_cast<std::size_t>(bucket)]; }
  // Overwrites a change of the same row in the open batch, or appends one.
  void record(Change change);
  void begin_batch(base::EntryId applied);

  std::array<Rows, kBucketCount> rows_;
  std::deque<std::unique_ptr<Batch>> sealed_;
  std::unique_ptr<Batch> open_;
  std::uint64_t open_ordinal_ = 0;
  base::EntryId sealed_through_;  // applied() when the open batch was begun
  base::Hash128 state_;
  base::Digest effect_;  // of the open entry
  bool entry_is_open_ = false;
  std::uint64_t bytes_ = 0;  // of all batches
};

}  // namespace sqlite
