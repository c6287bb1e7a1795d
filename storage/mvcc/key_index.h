// storage/mvcc/key_index.h: every key that has a history, in order, and where its versions stand in the store.
//
// The index alone answers which keys a range holds at a revision, and with which create revision and version;
// only values need a row. It is in memory, and is built from the rows at start (loader.h). The tree behind it
// is nobody else's business, so that it can be replaced by something smaller.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "storage/mvcc/key_range.h"
#include "storage/mvcc/revision.h"

namespace mvcc {

// A put or a delete of one key. The generation that a delete ends began at the create revision of the puts before it.
struct KeyVersion {
  Revision modified;
  Revision created;           // 0 in a tombstone
  std::uint64_t version = 0;  // puts since creation, this one included; 0: a tombstone
  RowId row;

  bool is_tombstone() const { return version == 0; }
};

// The versions of one key, oldest first; main revisions never fall, and rows rise. Never empty.
class KeyHistory {
 public:
  // The version in force at `at`, tombstones included; null: the key was never touched by then.
  const KeyVersion* at(Revision at) const;
  const KeyVersion& newest() const { return versions_.back(); }
  std::size_t size() const { return versions_.size(); }
  // How many of the oldest versions compaction at `at` makes superfluous: those below `at` but for the one that
  // still stands there. What happened at `at` itself stays, tombstones too: a watcher may begin at `at`.
  std::size_t superfluous_count(Revision at) const;

 private:
  friend class KeyIndex;
  absl::InlinedVector<KeyVersion, 1> versions_;  // most keys have one
};

// Where a pass over the index stands. The versions of `key` before `version` are dealt with, but still in the index.
struct CompactionCursor {
  std::string key;
  std::size_t version = 0;
};

// What one slice of a pass may cost.
struct CompactionBudget {
  std::uint64_t keys = 4000;      // looked at
  std::uint64_t versions = 1000;  // taken out of it
};

class KeyIndex {
 public:
  // What stands at `at`; null when there is nothing or it was deleted.
  const KeyVersion* find(std::string_view key, Revision at) const;

  // Calls visit(key, version) for each key of the range that exists at `at`, in key order. The key lives
  // until the index forgets it.
  template <typename Visit>
  void visit(const KeyRange& range, Revision at, Visit&& visit) const;

  // The same in slices. Looks at no more than `keys_max` keys, deleted ones included, and calls visit(key, version)
  // for those that exist at `at`, until it returns false. The key to go on from, which lives until the index
  // changes; nullopt: that was all. Requires: keys_max > 0, and a range that is not single.
  template <typename Visit>
  std::optional<std::string_view> visit_slice(const KeyRange& range, Revision at, std::uint64_t keys_max, Visit&& visit) const;

  // A put that follows on whatever is newest: next version of the generation, or the first of a new one.
  const KeyVersion& put(std::string_view key, Revision revision, RowId row);
  // Requires: the key exists.
  void erase(std::string_view key, Revision revision, RowId row);
  // Takes the newest version of the key away again, and a key without history with it. Requires: it stands in `row`.
  void undo(std::string_view key, RowId row);

  // While loading, in ascending order of keys, each with its versions in order.
  void append(std::string_view key, const KeyVersion& version);

  // Goes on from the cursor with forgetting what compaction at `at` makes superfluous, and calls drop(row) for each
  // row that nobody needs any more. True: the pass has reached the end. `at` may rise during a pass.
  template <typename Drop>
  bool compact(Revision at, CompactionCursor& cursor, CompactionBudget budget, Drop&& drop);

  std::size_t key_count() const { return keys_.size(); }  // with those deleted and not yet compacted

 private:
  using Tree = absl::btree_map<std::string, KeyHistory, std::less<>>;
  // Without the `count` oldest versions of `at`; what follows in the tree.
  Tree::iterator cut(Tree::iterator at, std::size_t count);

  Tree keys_;
};

template <typename Drop>
bool KeyIndex::compact(Revision at, CompactionCursor& cursor, CompactionBudget budget, Drop&& drop) {
  auto it = keys_.lower_bound(cursor.key);
  if (it == keys_.end() || it->first != cursor.key) cursor.version = 0;
  for (; it != keys_.end(); --budget.keys) {
    if (budget.keys == 0) {
      cursor.key = it->first;
      return false;
    }
    const std::size_t count = it->second.superfluous_count(at);
    while (cursor.version < count && budget.versions > 0) {
      drop(it->second.versions_[cursor.version].row);
      ++cursor.version;
      --budget.versions;
    }
    if (cursor.version < count) {
      cursor.key = it->first;
      return false;
    }
    it = cut(it, count);
    cursor.version = 0;
  }
  return true;
}

template <typename Visit>
void KeyIndex::visit(const KeyRange& range, Revision at, Visit&& visit) const {
  if (range.is_single()) {
    const auto found = keys_.find(range.key);
    if (found == keys_.end()) return;
    const KeyVersion* version = found->second.at(at);
    if (version != nullptr && !version->is_tombstone()) visit(std::string_view(found->first), *version);
    return;
  }
  for (auto it = keys_.lower_bound(range.key); it != keys_.end() && !range.ends_before(it->first); ++it) {
    const KeyVersion* version = it->second.at(at);
    if (version != nullptr && !version->is_tombstone()) visit(std::string_view(it->first), *version);
  }
}

template <typename Visit>
std::optional<std::string_view> KeyIndex::visit_slice(const KeyRange& range, Revision at, std::uint64_t keys_max,
                                                      Visit&& visit) const {
  for (auto it = keys_.lower_bound(range.key); it != keys_.end() && !range.ends_before(it->first); ++it) {
    if (keys_max-- == 0) return std::string_view(it->first);
    const KeyVersion* version = it->second.at(at);
    if (version == nullptr || version->is_tombstone()) continue;
    if (!visit(std::string_view(it->first), *version)) keys_max = 0;
  }
  return std::nullopt;
}

}  // namespace mvcc
