// storage/sqlite/backend.h: a materialisation of the log in SQLite, in buckets of rows.
//
// The loop writes into a tail in memory; a store worker moves the tail into SQLite in batches, rows and
// applied index in one transaction, and checkpoints (docs/formats/store.md). Reads see the tail first. What a
// crash takes from SQLite's files is in the raft log above the store mark, and is applied again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "io/world.h"

namespace sqlite {

enum class Bucket : std::uint8_t { key = 0, lease = 1, auth = 2, members = 3, alarm = 4 };
inline constexpr int kBucketCount = 5;

// A rowid-table row. `key` rows are dense: the next one has the largest id plus one.
struct Row {
  Bucket bucket = Bucket::key;
  std::uint64_t id = 0;   // < 2^63
  std::int64_t main = 0;  // main and sub revision of a `key` row; 0 in the other buckets
  std::int64_t sub = 0;
  std::string value;
};

// Over all fields; what the running sum in `meta` adds up.
base::Hash128 hash(const Row& row);

// Called in the opening job, off the loop, for every row, by bucket and then by id. The visitor belongs to
// that job until open() completes.
class RowVisitor {
 public:
  virtual void on_row(const Row& row) = 0;

 protected:
  ~RowVisitor() = default;
};

// On turns of their own.
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
  base::Duration batch_delay = std::chrono::milliseconds(20);  // a smaller one after this long
  std::uint64_t wal_bytes_max = 64U << 20U;  // bound of SQLite's `-wal`; past half of it batches wait for a checkpoint
  base::Duration checkpoint_delay = std::chrono::seconds(5);  // an idle store checkpoints after this long
  std::uint64_t page_cache_bytes = 64U << 20U;  // of the reading connection
};

// What the entry that just ended changed, and the rows it left.
struct Changes {
  base::Hash128 effect;
  base::Hash128 state;
};

class Backend {
 public:
  Backend(const io::World& world, BackendOptions options);
  ~Backend();

  // First call of all; nothing else until it completed. Opens `<prefix><mark.generation>`, deletes every
  // other generation, checks page checksums, the sum of all rows, and that the store stands at or above
  // `mark.applied` and at or above first_kept - 1. `damaged` otherwise, with a text that says what to do.
  void open(const base::StoreMark& mark, base::LogIndex first_kept, RowVisitor& visitor, BackendListener& listener,
            io::Completion& done);

  base::LogIndex applied() const;   // of the store and the tail
  base::Hash128 state() const;      // sum over all rows, tail included

  // Changes of one log entry. `replaced` is the hash of the row that goes away, if there was one.
  void put(Row row, const base::Hash128* replaced);
  void erase(Bucket bucket, std::uint64_t id, const base::Hash128& replaced);
  // Ends the entry: from here on its changes may be written. Requires: id.index == applied().next().
  Changes finish_entry(base::EntryId id);

  // On the loop, within one read transaction per turn; the tail first. The view lives until the turn ends or
  // the row is changed. nullopt: no such row. An error is io or damaged; the member should stop.
  base::Result<std::optional<std::string_view>> read(Bucket bucket, std::uint64_t id);

  std::uint64_t unmaterialised_bytes() const;
  void want_durable();  // checkpoint as soon as nothing is queued
  base::StoreMark durable_mark() const;
  base::Term applied_term() const;  // of the entry at applied(); survives restarts

  std::uint64_t size_bytes() const;         // of the database file
  std::uint64_t size_in_use_bytes() const;  // less free pages

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sqlite
