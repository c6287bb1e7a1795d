#include "sim/etcd/foreign_writes.h"

#include <doctest/doctest.h>

namespace sim::etcd {

TEST_CASE("a write stands in the log as often as it was sent, and not refused, at most") {
  ForeignWrites writes;
  writes.on_sent("a");
  writes.on_sent("a");
  CHECK_EQ(writes.on_committed("a", 2), "");
  CHECK_EQ(writes.on_committed("a", 3), "");
  CHECK_EQ(writes.on_committed("a", 4), "took effect more often than it was sent");
  CHECK_EQ(writes.on_committed("b", 5), "was sent by no client");
}

TEST_CASE("what was refused must not take effect, whichever comes first") {
  ForeignWrites writes;
  writes.on_sent("a");
  CHECK_EQ(writes.on_refused("a"), "");
  CHECK_EQ(writes.on_committed("a", 2), "took effect after its client was told that it did not");
  writes.on_sent("b");
  CHECK_EQ(writes.on_committed("b", 3), "");
  CHECK_EQ(writes.on_refused("b"), "it was refused, but took effect");
}

TEST_CASE("a revision is that of one put") {
  ForeignWrites writes;
  writes.on_sent("a");
  writes.on_sent("b");
  CHECK_EQ(writes.on_committed("a", 2), "");
  CHECK_EQ(writes.on_committed("b", 0), "");  // no put
  CHECK(writes.is_put_at(2, "a"));
  CHECK_FALSE(writes.is_put_at(2, "b"));
  CHECK_FALSE(writes.is_put_at(3, "a"));
}

}  // namespace sim::etcd
