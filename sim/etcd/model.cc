#include "sim/etcd/model.h"

#include <algorithm>
#include <iterator>

#include "core/base/assert.h"

namespace sim::etcd {

bool Model::is_in_range(std::string_view candidate, std::string_view key, std::string_view range_end) {
  if (range_end.empty()) return candidate == key;
  return candidate >= key && (range_end == std::string_view("\0", 1) || candidate < range_end);
}

void Model::begin_at(std::int64_t revision, const std::vector<ModelKeyValue>& kvs) {
  ASSERT(revision_ == 1);
  ASSERT(keys_.empty());
  revision_ = revision;
  for (const ModelKeyValue& kv : kvs) {
    ASSERT(kv.mod_revision <= revision);
    keys_[kv.key].push_back({kv, false, 0});
  }
}

void Model::begin() {
  ASSERT(!is_open_);
  is_open_ = true;
}

void Model::end() {
  ASSERT(is_open_);
  revision_ = newest();
  is_open_ = false;
  is_changed_ = false;
  next_sub_ = 0;
}

void Model::note_change(std::string_view key) {
  // The first change of a revision; what follows it in the same one is told by its sub.
  if (next_sub_ == 0) changed_keys_.clear();
  ++next_sub_;
  changed_keys_.push_back(key);
}

void Model::finish_change() {
  is_changed_ = true;
  if (is_open_) return;
  revision_ = newest();
  is_changed_ = false;
  next_sub_ = 0;
}

void Model::put(std::string_view key, std::string_view value) {
  const std::int64_t revision = revision_ + 1;
  auto entry = keys_.find(key);
  if (entry == keys_.end()) entry = keys_.emplace(std::string(key), std::vector<Version>()).first;
  std::vector<Version>& versions = entry->second;
  Version next;
  next.kv = {std::string(key), std::string(value), revision, revision, 1};
  if (!versions.empty() && !versions.back().is_deleted) {
    next.kv.create_revision = versions.back().kv.create_revision;
    next.kv.version = versions.back().kv.version + 1;
  }
  next.sub = next_sub_;
  versions.push_back(std::move(next));
  note_change(entry->first);
  finish_change();
}

std::int64_t Model::erase(std::string_view key, std::string_view range_end) {
  std::int64_t deleted = 0;
  for (auto entry = keys_.lower_bound(key); entry != keys_.end(); ++entry) {
    if (!is_in_range(entry->first, key, range_end)) break;
    std::vector<Version>& versions = entry->second;
    if (versions.back().is_deleted) continue;
    ++deleted;
    Version tombstone;
    tombstone.kv = {entry->first, "", 0, revision_ + 1, 0};
    tombstone.is_deleted = true;
    tombstone.sub = next_sub_;
    versions.push_back(std::move(tombstone));
    note_change(entry->first);
  }
  if (deleted > 0) finish_change();
  return deleted;
}

bool Model::compact(std::int64_t revision) {
  ASSERT(!is_open_);
  if (revision <= compacted_ || revision > revision_) return false;
  compacted_ = revision;
  compactions_.insert(revision);
  return true;
}

std::vector<ModelRow> Model::rows(std::int64_t compacted, std::int64_t revision) const {
  std::vector<ModelRow> out;
  for (const auto& entry : keys_) {
    const Version* const standing = compacted < 0 ? nullptr : at(entry.second, compacted);
    for (const Version& version : entry.second) {
      const std::int64_t main = version.kv.mod_revision;
      if (main > revision) break;
      // Of the changes at `compacted` itself the last one of each key, a delete too: it may be watched from there.
      const bool is_last_there = main == compacted && &version == newest_at(entry.second, compacted);
      if (main > compacted || &version == standing || is_last_there) out.push_back({main, version.sub, version.is_deleted, &version.kv});
    }
  }
  std::sort(out.begin(), out.end(), [](const ModelRow& a, const ModelRow& b) { return a.main != b.main ? a.main < b.main : a.sub < b.sub; });
  return out;
}

ModelRow Model::row(std::string_view key, std::int64_t main, std::int64_t sub) const {
  const auto entry = keys_.find(key);
  ASSERT(entry != keys_.end());
  const auto is_before = [](const Version& version, const std::pair<std::int64_t, std::int64_t>& place) {
    return std::pair(version.kv.mod_revision, version.sub) < place;
  };
  const auto found = std::lower_bound(entry->second.begin(), entry->second.end(), std::pair(main, sub), is_before);
  ASSERT(found != entry->second.end());
  ASSERT(found->kv.mod_revision == main && found->sub == sub);
  return {main, sub, found->is_deleted, &found->kv};
}

const Model::Version* Model::newest_at(const std::vector<Version>& versions, std::int64_t revision) const {
  // Mostly it is the last one that is asked for.
  if (!versions.empty() && versions.back().kv.mod_revision <= revision) return &versions.back();
  const auto after = std::upper_bound(versions.begin(), versions.end(), revision, [](std::int64_t bound, const Version& version) {
    return bound < version.kv.mod_revision;
  });
  if (after == versions.begin()) return nullptr;
  return &*std::prev(after);
}

const Model::Version* Model::at(const std::vector<Version>& versions, std::int64_t revision) const {
  const Version* const newest = newest_at(versions, revision);
  return newest == nullptr || newest->is_deleted ? nullptr : newest;
}

const ModelKeyValue* Model::find(std::string_view key, std::int64_t revision) const {
  ASSERT(revision >= 1);
  ASSERT(revision <= newest());
  const auto entry = keys_.find(key);
  const Version* const version = entry == keys_.end() ? nullptr : at(entry->second, revision);
  return version == nullptr ? nullptr : &version->kv;
}

ModelRange Model::range(std::string_view key, std::string_view range_end, std::int64_t revision, std::int64_t limit) const {
  ASSERT(revision >= 1);
  ASSERT(revision <= newest());
  ModelRange out;
  for_each(key, range_end, revision, [&](const ModelKeyValue& kv) {
    ++out.count;
    if (limit <= 0 || static_cast<std::int64_t>(out.kvs.size()) < limit) out.kvs.push_back(kv);
  });
  return out;
}

}  // namespace sim::etcd
