// sim/etcd/model.h: what a key-value store with history should say, in the plainest way.
//
// A map per key of all its versions, fed with committed commands in log order. It shares no code with
// storage/mvcc: a second, dumber opinion. It forgets nothing, and only remembers what it would be allowed to forget.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sim::etcd {

struct ModelKeyValue {
  std::string key;
  std::string value;
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::int64_t version = 0;
  friend bool operator==(const ModelKeyValue&, const ModelKeyValue&) = default;
};

struct ModelRange {
  std::vector<ModelKeyValue> kvs;  // at most the limit, by key
  std::int64_t count = 0;          // of the whole range
};

// One change of one key.
struct ModelRow {
  std::int64_t main = 0;
  std::int64_t sub = 0;  // its place among the changes of one main revision
  bool is_tombstone = false;
  const ModelKeyValue* kv = nullptr;  // of a tombstone the key counts; the model's
};

// Where the model stood after a log entry.
struct ModelPosition {
  std::int64_t revision = 1;
  std::int64_t compacted = -1;
};

class Model {
 public:
  // Of the newest change; an empty store stands at 1 (behaviour reference §2.3).
  std::int64_t revision() const { return revision_; }

  // Of what was done since begin(), too.
  std::int64_t newest() const { return is_changed_ ? revision_ + 1 : revision_; }
  // Revisions below it may be refused; -1 while nothing was ever compacted.
  std::int64_t compacted() const { return compacted_; }

  // Requires: nothing was done yet. Begins with these pairs, whose revisions are not above this one, instead of with nothing at 1;
  // what was before is not known.
  void begin_at(std::int64_t revision, const std::vector<ModelKeyValue>& kvs);

  // Changes in between share one revision; otherwise each has its own.
  void begin();
  void end();

  void put(std::string_view key, std::string_view value);
  // Returns how many keys went; none leaves the revision as it is.
  std::int64_t erase(std::string_view key, std::string_view range_end);

  // False, and nothing changes: compacted already, or beyond the newest revision.
  bool compact(std::int64_t revision);

  // Compacted at exactly this revision, once.
  bool was_compacted_at(std::int64_t revision) const { return compactions_.count(revision) > 0; }

  // What a compaction at `compacted` leaves of the changes up to `revision`, in the order in which they were made: all from
  // `compacted` on, and below it what stands there. Below zero nothing is left out.
  std::vector<ModelRow> rows(std::int64_t compacted, std::int64_t revision) const;

  // The pair that this key has there; null: none. Valid until the key changes again. Requires: 1 <= revision <= newest().
  const ModelKeyValue* find(std::string_view key, std::int64_t revision) const;

  // Requires: this key was changed there, with this `sub`.
  ModelRow row(std::string_view key, std::int64_t main, std::int64_t sub) const;

  // What the newest revision changed, in order; a key that it changed twice stands there twice.
  const std::vector<std::string_view>& changed_keys() const { return changed_keys_; }

  // The same of a range: calls `see` with each pair, by key. What is seen is the model's.
  template <typename See>
  void for_each(std::string_view key, std::string_view range_end, std::int64_t revision, const See& see) const {
    for (auto entry = keys_.lower_bound(key); entry != keys_.end() && is_in_range(entry->first, key, range_end); ++entry) {
      const Version* const version = at(entry->second, revision);
      if (version != nullptr) see(version->kv);
    }
  }

  // Requires: 1 <= revision <= newest(). `limit` 0 means all.
  ModelRange range(std::string_view key, std::string_view range_end, std::int64_t revision, std::int64_t limit) const;

 private:
  struct Version {
    ModelKeyValue kv;
    bool is_deleted = false;
    std::int64_t sub = 0;
  };
  static bool is_in_range(std::string_view candidate, std::string_view key, std::string_view range_end);
  void note_change(std::string_view key);
  void finish_change();
  const Version* newest_at(const std::vector<Version>& versions, std::int64_t revision) const;  // a tombstone too
  const Version* at(const std::vector<Version>& versions, std::int64_t revision) const;

  std::map<std::string, std::vector<Version>, std::less<>> keys_;
  std::int64_t revision_ = 1;
  std::int64_t next_sub_ = 0;
  std::int64_t compacted_ = -1;
  std::set<std::int64_t> compactions_;
  bool is_open_ = false;
  bool is_changed_ = false;  // since begin()
  std::vector<std::string_view> changed_keys_;  // of the newest revision
};

}  // namespace sim::etcd
