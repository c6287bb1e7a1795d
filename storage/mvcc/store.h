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

#include "core/base/result.h"
#include "storage/mvcc/key_index.h"
#include "storage/mvcc/key_range.h"
#include "storage/mvcc/loader.h"
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

class Store {
 public:
  explicit Store(sqlite::Backend& backend) : backend_(backend) {}

  // Once, before anything else: what the loader made of the rows.
  void adopt(Loaded loaded);

  // The newest revision that readers see; a change within an open entry is not among it.
  Revision current() const { return current_; }
  // The newest readable state: within an entry that has changed something, what it left.
  Revision newest() const { return sub_ == SubRevision() ? current_ : current_.next(); }

  // The oldest revision that can be read; 0 while nothing was compacted.
  Revision compacted() const { return compacted_; }

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
  // From here on readers see the changes. Without any the revision stays.
  void end_entry();
  // Instead of end_entry(): takes every change of the open entry back.
  void abandon_entry();

  std::size_t key_count() const { return index_.key_count(); }

 private:
  void add_row(RowKind kind, Revision revision, std::string record);
  void check_invariants() const;

  sqlite::Backend& backend_;
  KeyIndex index_;
  Revision current_ = kEmptyStoreRevision;
  Revision compacted_;   // invariant: compacted_ <= current_; 0 while nothing was compacted
  SubRevision sub_;      // of the next change in the open entry
  RowId last_row_;
  bool entry_is_open_ = false;
  std::vector<sqlite::Row> pending_;  // of the open entry, dense up to last_row_; the backend's when it ends
  std::vector<Found> doomed_;  // erase()'s, kept for its capacity; empty between calls
};

}  // namespace mvcc
