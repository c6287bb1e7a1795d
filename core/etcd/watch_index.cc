#include "core/etcd/watch_index.h"

#include "core/base/assert.h"
#include "core/base/hash.h"

namespace etcd {

namespace {

bool comes_before(const mvcc::KeyRange& a, const mvcc::KeyRange& b) { return a.key != b.key ? a.key < b.key : a.end < b.end; }

bool reaches_further(const WatchRangeNode& a, const WatchRangeNode& b) {
  if (b.end == mvcc::kOpenEnd) return false;
  return a.end == mvcc::kOpenEnd || a.end > b.end;
}

void note_furthest(WatchRangeNode& node) {
  node.furthest = &node;
  for (const WatchRangeNode* const below : {node.left.get(), node.right.get()}) {
    if (below != nullptr && reaches_further(*below->furthest, *node.furthest)) node.furthest = below->furthest;
  }
}

}  // namespace

WatchIndex::~WatchIndex() {
  ASSERT(is_empty());  // or watchers would point to nodes that are gone
}

void WatchIndex::add(Watcher& watcher) {
  ASSERT(watcher.node == nullptr);
  WatchRangeNode* node = nullptr;
  if (watcher.range().is_single()) {
    std::unique_ptr<WatchRangeNode>& single = singles_[watcher.key];
    if (single == nullptr) single = std::make_unique<WatchRangeNode>();
    node = single.get();
    if (node->key.empty()) node->key = watcher.key;
  } else {
    node = find(root_.get(), watcher.range());
    if (node == nullptr) {
      auto made = std::make_unique<WatchRangeNode>();
      made->key = watcher.key;
      made->end = watcher.end;
      made->priority = base::hash64(watcher.end, base::hash64(watcher.key));  // so that the shape of the tree depends on the ranges alone
      made->furthest = made.get();
      node = made.get();
      root_ = insert(std::move(root_), std::move(made));
    }
  }
  watcher.node = node;
  node->watchers.push_back(watcher);
}

void WatchIndex::remove(Watcher& watcher) {
  ASSERT(watcher.node != nullptr);
  WatchRangeNode& node = *std::exchange(watcher.node, nullptr);
  watcher.WatchPlace::unlink();
  if (!node.watchers.is_empty()) return;
  if (watcher.range().is_single()) {
    singles_.erase(singles_.find(node.key));
  } else {
    root_ = erase(std::move(root_), node);
  }
}

std::vector<Watcher*> WatchIndex::all() {
  std::vector<Watcher*> out;
  const auto add = [&out](Watcher& watcher) { out.push_back(&watcher); };
  for (const auto& single : singles_) visit_all(*single.second, add);
  collect(root_.get(), out);
  return out;
}

void WatchIndex::collect(WatchRangeNode* node, std::vector<Watcher*>& into) {
  if (node == nullptr) return;
  collect(node->left.get(), into);
  const auto add = [&into](Watcher& watcher) { into.push_back(&watcher); };
  visit_all(*node, add);
  collect(node->right.get(), into);
}

WatchRangeNode* WatchIndex::find(WatchRangeNode* tree, const mvcc::KeyRange& range) {
  while (tree != nullptr && (tree->key != range.key || tree->end != range.end)) {
    tree = comes_before(range, tree->range()) ? tree->left.get() : tree->right.get();
  }
  return tree;
}

// A treap: a search tree by range, a heap by priority.
WatchIndex::Tree WatchIndex::insert(Tree tree, Tree node) {
  if (tree == nullptr) return node;
  if (node->priority > tree->priority) {
    auto halves = split(std::move(tree), *node);
    node->left = std::move(halves.first);
    node->right = std::move(halves.second);
    note_furthest(*node);
    return node;
  }
  Tree& side = comes_before(node->range(), tree->range()) ? tree->left : tree->right;
  side = insert(std::move(side), std::move(node));
  note_furthest(*tree);
  return tree;
}

WatchIndex::Tree WatchIndex::erase(Tree tree, const WatchRangeNode& node) {
  ASSERT(tree != nullptr);
  if (tree.get() == &node) return merge(std::move(tree->left), std::move(tree->right));
  Tree& side = comes_before(node.range(), tree->range()) ? tree->left : tree->right;
  side = erase(std::move(side), node);
  note_furthest(*tree);
  return tree;
}

WatchIndex::Tree WatchIndex::merge(Tree left, Tree right) {
  if (left == nullptr) return right;
  if (right == nullptr) return left;
  if (left->priority > right->priority) {
    left->right = merge(std::move(left->right), std::move(right));
    note_furthest(*left);
    return left;
  }
  right->left = merge(std::move(left), std::move(right->left));
  note_furthest(*right);
  return right;
}

// What comes before `at`, and the rest.
std::pair<WatchIndex::Tree, WatchIndex::Tree> WatchIndex::split(Tree tree, const WatchRangeNode& at) {
  if (tree == nullptr) return {};
  if (comes_before(tree->range(), at.range())) {
    auto halves = split(std::move(tree->right), at);
    tree->right = std::move(halves.first);
    note_furthest(*tree);
    return {std::move(tree), std::move(halves.second)};
  }
  auto halves = split(std::move(tree->left), at);
  tree->left = std::move(halves.second);
  note_furthest(*tree);
  return {std::move(halves.first), std::move(tree)};
}

}  // namespace etcd
