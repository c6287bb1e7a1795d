#include "storage/mvcc/key_index.h"

#include <algorithm>

#include "core/base/assert.h"

namespace mvcc {

const KeyVersion* KeyHistory::at(Revision at) const {
  // Nearly every read wants the newest.
  if (versions_.back().modified <= at) return &versions_.back();
  const auto after = std::upper_bound(versions_.begin(), versions_.end(), at,
                                      [](Revision wanted, const KeyVersion& v) { return wanted < v.modified; });
  return after == versions_.begin() ? nullptr : &*(after - 1);
}

std::size_t KeyHistory::superfluous_count(Revision at) const {
  const auto first_kept = std::lower_bound(versions_.begin(), versions_.end(), at,
                                           [](const KeyVersion& v, Revision wanted) { return v.modified < wanted; });
  const auto count = static_cast<std::size_t>(first_kept - versions_.begin());
  if (count == 0) return 0;
  const bool is_replaced_at = first_kept != versions_.end() && first_kept->modified == at;
  return is_replaced_at || versions_[count - 1].is_tombstone() ? count : count - 1;
}

const KeyVersion* KeyIndex::find(std::string_view key, Revision at) const {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return nullptr;
  const KeyVersion* version = found->second.at(at);
  return version == nullptr || version->is_tombstone() ? nullptr : version;
}

const KeyVersion& KeyIndex::put(std::string_view key, Revision revision, RowId row) {
  ASSERT(!key.empty());
  // Not operator[]: it would build a string for a key that is there already.
  auto it = keys_.lower_bound(key);
  if (it == keys_.end() || it->first != key) it = keys_.emplace_hint(it, std::string(key), KeyHistory());
  auto& versions = it->second.versions_;
  KeyVersion next{revision, revision, 1, row};
  if (!versions.empty()) {
    const KeyVersion& last = versions.back();
    ASSERT(last.row < row);
    ASSERT(last.modified <= revision);
    if (!last.is_tombstone()) {
      next.created = last.created;
      next.version = last.version + 1;
    }
  }
  versions.push_back(next);
  return versions.back();
}

void KeyIndex::erase(std::string_view key, Revision revision, RowId row) {
  const auto it = keys_.find(key);
  ASSERT(it != keys_.end());
  auto& versions = it->second.versions_;
  ASSERT(!versions.back().is_tombstone());
  ASSERT(versions.back().row < row);
  ASSERT(versions.back().modified <= revision);
  versions.push_back(KeyVersion{revision, Revision(), 0, row});
}

void KeyIndex::undo(std::string_view key, RowId row) {
  const auto it = keys_.find(key);
  ASSERT(it != keys_.end());
  auto& versions = it->second.versions_;
  ASSERT(versions.back().row == row);
  versions.pop_back();
  if (versions.empty()) keys_.erase(it);
}

KeyIndex::Tree::iterator KeyIndex::cut(Tree::iterator at, std::size_t count) {
  auto& versions = at->second.versions_;
  ASSERT(count <= versions.size());
  if (count == versions.size()) return keys_.erase(at);
  if (count > 0) {
    versions.erase(versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(count));
    if (versions.capacity() > 4 * versions.size()) versions.shrink_to_fit();
  }
  return ++at;
}

void KeyIndex::append(std::string_view key, const KeyVersion& version) {
  if (keys_.empty() || keys_.rbegin()->first != key) {
    ASSERT(keys_.empty() || keys_.rbegin()->first < key);
    keys_.emplace_hint(keys_.end(), std::string(key), KeyHistory());
  }
  auto& versions = keys_.rbegin()->second.versions_;
  ASSERT(versions.empty() || versions.back().row < version.row);
  versions.push_back(version);
}

}  // namespace mvcc
