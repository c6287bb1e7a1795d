// core/etcd/watch_index.h: which watchers a key concerns.
//
// Watchers of one range lie in one node; nodes form a treap by (key, end), and each knows which of those below it reaches furthest (an
// interval tree), so that a key finds its ranges without looking at the others. Single keys are looked up by themselves. Whoever is
// visited comes in an order that depends on the ranges and the order of coming alone.
#pragma once

#include <absl/container/btree_map.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/intrusive_list.h"
#include "core/etcd/watcher.h"

namespace etcd {

struct WatchRangeNode {
  std::string key;
  std::string end;
  std::uint64_t priority = 0;
  base::IntrusiveList<WatchPlace> watchers;  // never empty
  // Of the treap; nothing for a single key.
  std::unique_ptr<WatchRangeNode> left;
  std::unique_ptr<WatchRangeNode> right;
  const WatchRangeNode* furthest = nullptr;  // among this one and those below it

  mvcc::KeyRange range() const { return {key, end}; }
};

class WatchIndex {
 public:
  WatchIndex() = default;
  ~WatchIndex();
  WatchIndex(const WatchIndex&) = delete;
  WatchIndex& operator=(const WatchIndex&) = delete;

  // Requires: it is in no index.
  void add(Watcher& watcher);
  // Requires: it is in this one.
  void remove(Watcher& watcher);
  bool is_empty() const { return singles_.empty() && root_ == nullptr; }

  // All of them, in the order of visits.
  std::vector<Watcher*> all();

  // Calls visit(watcher) for each watcher whose range has the key. Nothing may be added or removed meanwhile.
  template <typename Visit>
  void visit(std::string_view key, const Visit& visit) {
    if (const auto single = singles_.find(key); single != singles_.end()) visit_all(*single->second, visit);
    visit_below(root_.get(), key, visit);
  }

 private:
  using Tree = std::unique_ptr<WatchRangeNode>;

  static void collect(WatchRangeNode* node, std::vector<Watcher*>& into);
  template <typename Visit>
  static void visit_all(WatchRangeNode& node, const Visit& visit) {
    node.watchers.visit([&visit](WatchPlace& place) { visit(static_cast<Watcher&>(place)); });
  }
  template <typename Visit>
  static void visit_below(WatchRangeNode* node, std::string_view key, const Visit& visit) {
    if (node == nullptr || node->furthest->range().ends_before(key)) return;
    visit_below(node->left.get(), key, visit);
    if (node->key.compare(key) > 0) return;
    if (!node->range().ends_before(key)) visit_all(*node, visit);
    visit_below(node->right.get(), key, visit);
  }

  static Tree insert(Tree tree, Tree node);
  static Tree erase(Tree tree, const WatchRangeNode& node);
  static Tree merge(Tree left, Tree right);
  static std::pair<Tree, Tree> split(Tree tree, const WatchRangeNode& at);
  static WatchRangeNode* find(WatchRangeNode* tree, const mvcc::KeyRange& range);

  absl::btree_map<std::string, std::unique_ptr<WatchRangeNode>, std::less<>> singles_;
  Tree root_;
};

}  // namespace etcd
