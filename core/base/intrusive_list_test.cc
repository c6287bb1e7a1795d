#include "core/base/intrusive_list.h"

#include <doctest/doctest.h>

namespace base {

namespace {
struct Item : ListNode<Item> {
  explicit Item(int number) : value(number) {}
  int value;
};
}  // namespace

TEST_CASE("elements come out in the order in which they went in") {
  Item a(1), b(2), c(3);
  IntrusiveList<Item> list;
  CHECK(list.is_empty());
  list.push_back(a);
  list.push_back(b);
  list.push_back(c);
  CHECK_EQ(list.pop_front().value, 1);
  CHECK_FALSE(a.is_linked());
  CHECK_EQ(list.pop_front().value, 2);
  CHECK_EQ(list.pop_front().value, 3);
  CHECK(list.is_empty());
}

TEST_CASE("an element leaves from anywhere, also by being destroyed") {
  Item a(1), c(3);
  IntrusiveList<Item> list;
  list.push_back(a);
  {
    Item b(2);
    list.push_back(b);
    list.push_back(c);
  }
  a.unlink();
  CHECK_EQ(list.pop_front().value, 3);
  CHECK(list.is_empty());
}

TEST_CASE("a list takes over another's elements, and lets go of its own at the end") {
  Item a(1), b(2);
  {
    IntrusiveList<Item> from, to;
    to.push_back(a);
    from.push_back(b);
    to.take_all(from);
    CHECK(from.is_empty());
  }
  CHECK_FALSE(a.is_linked());
  CHECK_FALSE(b.is_linked());
}

}  // namespace base
