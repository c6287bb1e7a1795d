// storage/mvcc/store.h: keys with their whole history, on the rows of the backend.
//
// Writes come in order, each as part of one log entry: begin_entry(), changes, end_entry(), after which the
// caller ends the entry in the backend too; or abandon_entry(), and nothing has happened. They need no read of the
// disk: all that a put must know of what was there stands in the index. Reads ask the index which versions are
// meant, and the backend for their records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "core/base/hash.h"
#include "core/base/marks.h"
#include "core/base/result.h"
#include "storage/mvcc/compaction.h"
#include "storage/mvcc/key_index.h"
#include "storage/mvcc/key_range.h"
#include "storage/mvcc/loader.h"
#include "storage/mvcc/record.h"
#include "storage/mvcc/revision.h"
#include "storage/mvcc/rows.h"
#include "storage/sqlite/backend.h"

namespace mvcc {

// Why a revision cannot be read (behaviour reference §2.2).
enum class RevisionError : std::uint8_t {
  compacted,  // below the compacted revision
  future,     // above the newest
};

struct Found {
  std::string_view key;  // until the next change
  KeyVersion version;
};

// What one operation of an entry did to one key.
struct KeyChange {
  RowKind kind = RowKind::put;
  Record fields;            // of the put, or of the tombstone
  std::string_view record;  // the same as it is stored (record.h)
};

// Told of every entry that changed something, when it ends and before it can be read.
class ChangeListener {
 public:
  // In the order of sub revisions. The views last until this returns. Nothing of the store may be called.
  virtual void on_changes(Revision revision, const std::vector<KeyChange>& changes) = 0;

 protected:
  ~ChangeListener() = default;
};

class Store {
 public:
  explicit Store(sqlite::Backend& backend) : backend_(backend) {}

  // At most one, which outlives the store.
  void set_listener(ChangeListener& listener) { listener_ = &listener; }

  // Once, before anything else: what the loader made of the rows.
  void adopt(Loaded loaded);

  // The newest revision that readers see; a change within an open entry is not among it.
  Revision current() const { return current_; }
  // History below it is forgotten; nullopt: nothing was ever compacted.
  std::optional<Revision> compacted() const { return compaction_.compacted(); }
  // The newest readable state: within an entry that has changed something, what it left.
  Revision newest() const { return sub_ == SubRevision() ? current_ : current_.next(); }

  // The revision that a request names: 0 or less is the newest.
  tl::expected<Revision, RevisionError> readable(std::int64_t requested) const;

  // Appends at most `limit` keys of the range as they stood at `at`, in key order, and returns how many there
  // are in all. Requires: `at` is readable.
  std::uint64_t find(const KeyRange& range, Revision at, std::uint64_t limit, std::vector<Found>& found) const;
  const KeyVersion* find(std::string_view key, Revision at) const { return index_.find(key, at); }
  // A part of a large range (KeyIndex::visit_slice), for readers who go on at a later turn: what is not compacted
  // does not change at `at`. Requires: `at` is readable.
  template <typename Visit>
  std::optional<std::string_view> visit_slice(const KeyRange& range, Revision at, std::uint64_t keys_max, Visit&& visit) const {
    return index_.visit_slice(range, at, keys_max, std::forward<Visit>(visit));
  }

  // The record of a version (record.h), valid until the turn ends; of a version that the open entry made, until
  // the next change or the entry's end. An error is the disk's, and final.
  base::Result<std::string_view> read(const KeyVersion& version);

  // The changes of one log entry share one main revision.
  void begin_entry();
  // Requires: an entry is open, `key` is not empty.
  void put(std::string_view key, std::string_view value, std::int64_t lease);
  // Returns how many keys went.
  std::uint64_t erase(const KeyRange& range);
  // Forgets history below a revision, as the only change of its entry; `requested` is the client's number. Readers
  // find nothing below it at once; the rows go slice by slice. Refused when that was compacted before (nothing is
  // below 0, which can be compacted once), or when it is in the future.
  tl::expected<void, RevisionError> compact(std::int64_t requested);
  // From here on readers see the changes. Without any the revision stays.
  void end_entry();
  // Instead of end_entry(): takes every change of the open entry back.
  void abandon_entry();

  // Forgetting what compaction has made superfluous (compaction.h). Slices run between entries; rows of keys that
  // readers found on an earlier turn may be gone after one.
  bool is_compaction_pending() const { return compaction_.is_pending(); }
  // Compaction at this revision, and below, has left nothing superfluous in the store and its tail.
  std::optional<Revision> removed() const { return compaction_.removed(); }
  // Requires: is_compaction_pending(), and no entry is open. Adds to `marks`.
  void run_compaction_slice(const CompactionBudget& budget, base::Marks& marks);
  void run_compaction_slice(const CompactionBudget& budget) {
    base::Marks ignored;
    run_compaction_slice(budget, ignored);
  }

  RowId last_row() const { return last_row_; }  // of the newest change; 0: none was ever made
  std::size_t key_count() const { return index_.key_count(); }

 private:
  void add_row(RowKind kind, Revision revision, std::string record);
  void tell_changes();
  void check_invariants() const;

  sqlite::Backend& backend_;
  ChangeListener* listener_ = nullptr;
  KeyIndex index_;
  Revision current_ = kEmptyStoreRevision;
  Compaction compaction_;  // invariant: compacted() <= current_
  base::Hash128 compacted_row_;  // hash of the row that says compacted(), if there is one
  SubRevision sub_;      // of the next change in the open entry
  RowId last_row_;
  bool entry_is_open_ = false;
  std::vector<sqlite::Row> pending_;  // of the open entry, dense up to last_row_; the backend's when it ends
  std::vector<Found> doomed_;  // erase()'s, kept for its capacity; empty between calls
  std::vector<KeyChange> changes_;  // tell_changes()'s, likewise
};

}  // namespace mvcc
