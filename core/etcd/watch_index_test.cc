// Property: whatever was added and removed, a key finds exactly the watchers whose ranges have it.
// Method: few keys, so that ranges meet and share ends; every watcher is asked by itself as well.
#include "core/etcd/watch_index.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "core/base/hash.h"

namespace etcd {
namespace {

class NoSink final : public WatchSink {
 public:
  bool has_room() const override { return true; }
  void send_events(const Watcher&, mvcc::Revision, const EventBatch&) override {}
  void keep_behind(Watcher&) override {}
  void send_compacted(const Watcher&, mvcc::Revision) override {}
};

bool has(const mvcc::KeyRange& range, std::string_view key) {
  if (range.is_single()) return range.key == key;
  return range.key <= key && !range.ends_before(key);
}

}  // namespace

TEST_CASE("a key finds the watchers of its ranges and no others") {
  const std::vector<std::string> keys = {"a", "aa", "ab", "b", "ba", "c", "d", std::string("d\0", 2)};
  NoSink sink;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    std::uint64_t draws = 0;
    const auto below = [&](std::uint64_t bound) { return base::mix64(seed, ++draws) % bound; };
    WatchIndex index;
    std::vector<std::unique_ptr<Watcher>> watchers;
    for (int step = 0; step < 300; ++step) {
      if (watchers.empty() || below(5) < 3) {
        const std::string key = keys[below(keys.size())];
        const std::uint64_t kind = below(3);
        std::string end = kind == 0 ? "" : kind == 1 ? std::string(mvcc::kOpenEnd) : keys[below(keys.size())];
        if (kind == 2 && end <= key) end = key + "x";
        watchers.push_back(std::make_unique<Watcher>(sink, step, key, end));
        index.add(*watchers.back());
      } else {
        const auto gone = watchers.begin() + static_cast<std::ptrdiff_t>(below(watchers.size()));
        index.remove(**gone);
        watchers.erase(gone);
      }
      const std::string& key = keys[below(keys.size())];
      std::multiset<std::int64_t> found;
      std::multiset<std::int64_t> expected;
      index.visit(key, [&](Watcher& watcher) { found.insert(watcher.id); });
      for (const auto& watcher : watchers) {
        if (has(watcher->range(), key)) expected.insert(watcher->id);
      }
      REQUIRE_EQ(found, expected);
    }
    for (const auto& watcher : watchers) index.remove(*watcher);
    CHECK(index.is_empty());
  }
}

TEST_CASE("watchers are found in the same order however they came, those of one range as they came") {
  NoSink sink;
  const auto order_of = [&sink](const std::vector<std::pair<std::string, std::string>>& ranges) {
    WatchIndex index;
    std::vector<std::unique_ptr<Watcher>> watchers;
    for (const auto& range : ranges) {
      watchers.push_back(std::make_unique<Watcher>(sink, 0, range.first, range.second));
      index.add(*watchers.back());
    }
    std::string out;
    index.visit("m", [&](Watcher& watcher) { out += watcher.key + "-" + watcher.end + " "; });
    for (const auto& watcher : watchers) index.remove(*watcher);
    return out;
  };
  CHECK_EQ(order_of({{"a", "z"}, {"m", ""}, {"b", "n"}, {"a", "n"}, {"n", "z"}}), "m- a-n a-z b-n ");
  CHECK_EQ(order_of({{"n", "z"}, {"b", "n"}, {"a", "z"}, {"a", "n"}, {"m", ""}}), "m- a-n a-z b-n ");
}

}  // namespace etcd
