// core/base/intrusive_list.h: a list threaded through its elements, so that leaving it costs nothing to find.
//
// An element derives from ListNode<T> and stands in one list at a time. The list owns nothing; an element
// unlinks itself when destroyed.
#pragma once

#include "core/base/assert.h"

namespace base {

template <typename T>
class IntrusiveList;

template <typename T>
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool is_linked() const { return next_ != nullptr; }
  void unlink() {
    if (!is_linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  friend class IntrusiveList<T>;
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

template <typename T>
class IntrusiveList {
 public:
  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  ~IntrusiveList() {
    while (!is_empty()) head_.next_->unlink();
    head_.next_ = head_.previous_ = nullptr;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool is_empty() const { return head_.next_ == &head_; }
  void push_back(T& element) {
    ListNode<T>& node = element;
    ASSERT(!node.is_linked());
    node.previous_ = head_.previous_;
    node.next_ = &head_;
    head_.previous_->next_ = &node;
    head_.previous_ = &node;
  }
  // Requires: not empty.
  T& front() {
    ASSERT(!is_empty());
    return static_cast<T&>(*head_.next_);
  }
  // Unlinks and returns the first element. Requires: not empty.
  T& pop_front() {
    ASSERT(!is_empty());
    ListNode<T>& node = *head_.next_;
    node.unlink();
    return static_cast<T&>(node);
  }
  // Calls visit(element) for each, in order. No element may leave meanwhile but the one that is visited.
  template <typename Visit>
  void visit(Visit&& visit) {
    for (ListNode<T>* node = head_.next_; node != &head_;) {
      ListNode<T>& current = *node;
      node = node->next_;
      visit(static_cast<T&>(current));
    }
  }
  // Moves every element of `other` to the end, in order.
  void take_all(IntrusiveList& other) {
    while (!other.is_empty()) push_back(other.pop_front());
  }

 private:
  ListNode<T> head_;
};

}  // namespace base
