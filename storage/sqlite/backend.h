// storage/sqlite/backend.h: a materialisation of the log in SQLite, in buckets of rows.
//
// The loop writes into a tail in memory; a store worker moves the tail into SQLite in batches, rows and
// applied index in one transaction, and checkpoints (docs/formats/store.md). Reads see the tail first. What a
// crash takes from SQLite's files is in the raft log above the store mark, and is applied again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "io/world.h"

namespace sqlite {

enum class Bucket : std::uint8_t { key = 0, lease = 1, auth = 2, members = 3, alarm = 4, compaction = 5 };
inline constexpr int kBucketCount = 6;

// A rowid-table row that somebody else owns. `key` rows are dense: the next one has the largest id plus one.
struct RowView {
  Bucket bucket = Bucket::key;
  std::uint64_t id = 0;   // < 2^63
  std::int64_t main = 0;  // main and sub revision of a `key` row; 0 in the other buckets
  std::int64_t sub = 0;
  std::string_view value;
};

struct Row {
  Bucket bucket = Bucket::key;
  std::uint64_t id = 0;
  std::int64_t main = 0;
  std::int64_t sub = 0;
  std::string value;

  RowView view() const { return {bucket, id, main, sub, value}; }
};

// Over all fields; what the sums in `meta` add up.
base::Hash128 hash(const RowView& row);
inline base::Hash128 hash(const Row& row) { return hash(row.view()); }

// Called in the opening job, off the loop, for every row, by bucket and then by id. The visitor belongs to
// that job until open() completes; the view lives until on_row() returns.
class RowVisitor {
 public:
  virtual void on_row(const RowView& row) = 0;

 protected:
  ~RowVisitor() = default;
};

// On turns of their own; never inside a call that the listener made.
class BackendListener {
 public:
  virtual void on_durable(const base::StoreMark& mark) = 0;  // never goes back
  virtual void on_room() = 0;                                // a batch left the tail
  virtual void on_failed(const base::Error& error) = 0;      // final

 protected:
  ~BackendListener() = default;
};

struct BackendOptions {
  std::string directory_prefix = "store-";  // generation 3 lives in `store-3`
  std::uint64_t batch_bytes = 4U << 20U;    // a tail this large is written at once
  std::uint64_t batch_rows = 4000;
  base::Duration batch_delay = std::chrono::milliseconds(100);  // a smaller one after this long
  std::uint64_t wal_bytes_max = 64U << 20U;  // bound of SQLite's `-wal`; past half of it batches wait for a checkpoint
  base::Duration checkpoint_delay = std::chrono::seconds(5);  // from the first batch after a checkpoint to the next one
  // Free pages return to the disk bit by bit, with checkpoints, as long as there are more than this, and so many at a time. Each
  // such checkpoint is a sync of megabytes that the syncs of the log wait for, so they are seldom: what is free is used again anyway.
  std::uint64_t vacuum_pages = 1024;
  base::Duration vacuum_delay = std::chrono::seconds(1);  // between them
  base::Duration retry_delay = std::chrono::milliseconds(200);  // after running out of space
  // While a Snapshot is read `-wal` may grow to this. Each one that is cut off doubles it for the next, up to the maximum; one that is
  // read to its end sets it back. Requires: wal_bytes_max <= snapshot_wal_bytes <= snapshot_wal_bytes_max.
  std::uint64_t snapshot_wal_bytes = 256U << 20U;
  std::uint64_t snapshot_wal_bytes_max = std::uint64_t{4} << 30U;
  std::uint64_t page_cache_bytes = 64U << 20U;  // of the reading connection
};

// What the entry that just ended changed, and state() after it.
struct Changes {
  base::Hash128 effect;
  base::Hash128 state;
};

// The store's files as they stood at one instant, as bytes for a Receiver (snapshot_format.h). On the loop; may be destroyed at any
// time before the backend is closed.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual base::LogIndex applied() const = 0;
  // As replica::SnapshotSource::read(). No piece has more than `bytes` bytes.
  virtual base::Result<bool> read(std::size_t bytes, std::string& piece) = 0;
};

class Backend {
 public:
  Backend(const io::World& world, BackendOptions options);
  // On a queue that is somebody else's, and goes before the backend does.
  Backend(const io::World& world, BackendOptions options, io::WorkQueue& queue);
  // Requires: close() completed, open() failed or was never called, or the world is dead (a crash in io/sim,
  // abandon() in io/real).
  ~Backend();

  // First call of all; nothing else until it completed. Opens `<prefix><mark.generation>`, creating it when
  // mark.applied is 0 and it was never finished, deletes every other generation, checks page checksums, the
  // sum of all rows, and that the store stands at or above `mark.applied` and at or above first_kept - 1.
  // `damaged` otherwise, with a text that says what to do; `invalid` when the files are not a store of ours
  // or of a newer format.
  void open(const base::StoreMark& mark, base::LogIndex first_kept, RowVisitor& visitor, BackendListener& listener,
            io::Completion& done);
  // Begins no further job and completes when the running one has ended. What is not yet in the store's files
  // is in the log. Afterwards only reading and destruction.
  void close(io::Completion& done);

  base::LogIndex applied() const;     // of the store and the tail
  base::Term applied_term() const;    // of the entry at applied(); survives restarts
  // The sum of hash() over the rows that entries have put and not erased or replaced; a function of the
  // entries alone, so members agree on it at every applied index. Discarded rows stay in it.
  base::Hash128 state() const;

  // Changes of one log entry. `replaced` is the hash of the row that goes away, if there was one.
  void put(Row row, const base::Hash128* replaced);
  void erase(Bucket bucket, std::uint64_t id, const base::Hash128& replaced);
  // Ends the entry: from here on its changes may be written. Requires: id.index == applied().next().
  Changes finish_entry(base::EntryId id);

  // Removes a row that no read can want any more (revision compaction, in slices paced by the caller, between
  // entries or within one). No effect of an entry, so members may do it at different times; state() keeps
  // the row. A crash may bring it back: the caller sees it in open() and discards it again. No error when
  // there is no such row.
  void discard(Bucket bucket, std::uint64_t id);

  // On the loop, within one read transaction per turn; the tail first. The view lives until the turn ends or
  // the row is changed. nullopt: no such row. An error is io or damaged; the member should stop.
  base::Result<std::optional<std::string_view>> read(Bucket bucket, std::uint64_t id);
  // The row with the smallest id at or above `from`: how a range of rows is walked. As read() otherwise.
  base::Result<std::optional<RowView>> read_at_or_after(Bucket bucket, std::uint64_t from);

  std::uint64_t unmaterialised_bytes() const;
  // Everything changed and discarded so far is committed in the store's files once stored_batch() has reached what
  // newest_batch() says now; on_room() tells of each step. Committed is not yet durable: see durable_mark().
  std::uint64_t newest_batch() const;
  std::uint64_t stored_batch() const;
  void want_durable();  // checkpoint as soon as nothing is queued
  base::StoreMark durable_mark() const;

  // Of what is committed in the store's files; the tail is not in it. Batches go on while it lasts, checkpoints do not cover, and what
  // they leave is made durable where it is.
  base::Result<std::unique_ptr<Snapshot>> take_snapshot();

  std::uint64_t size_bytes() const;         // of the database file
  std::uint64_t size_in_use_bytes() const;  // less free pages

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sqlite
