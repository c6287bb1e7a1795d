#include "sim/etcd/operation.h"

#include <doctest/doctest.h>

namespace sim::etcd {

TEST_CASE("an operation reads back as it was written") {
  const char* const texts[] = {
      "put k1 300",
      "put k1 0 prev",
      "get k1",
      "get k1 k4 back=3 limit=2 serializable keys",
      "get k1 * count descending",
      "delete k1 k3 prev",
      "compact 12",
      "compact 0 physical",
      "stream k1",
      "stream k1 * back=0 limit=9 serializable keys count",
      "hash",
      "hash back=7",
      "move 2",
      "txn [ ] [ ] [ ]",
      "txn [ k1 mod = seen ; k2 k5 version > 0 ; k3 * value != seen ] [ put k1 9 ; get k2 * limit=1 ] [ delete k3 ]",
      "txn [ ] [ ] [ delete k3 ; txn [ k1 create < 4 ] [ put k4 0 ] [ ] ]",
  };
  for (const char* text : texts) {
    CAPTURE(text);
    const base::Result<KvOperation> operation = parse_operation(text);
    REQUIRE(operation);
    CHECK_EQ(to_text(*operation), text);
  }
}

TEST_CASE("what is no operation is refused") {
  const char* const texts[] = {
      "",          "put",           "put k1",          "put k1 many",  "get k1 k2 k3", "jump k1", "get k1 limit=-1", "compact", "compact x", "stream", "hash k1", "txn [ ] [ compact 3 ] [ ]", "txn [ ] [ ] [ hash ]",
      "txn [ ] [ ]", "txn [ k1 ] [ ] [ ]", "txn [ k1 value = 3 ] [ ] [ ]", "txn [ ] [ put k1 ] [ ]", "txn [ ] [ put k1 0", "put k1 0 ]",
      "txn [ ] [ put k1 0 ; ] [ ]", "move", "move x", "move 1 2", "move -1", "txn [ ] [ move 1 ] [ ]",
  };
  for (const char* text : texts) {
    CAPTURE(text);
    CHECK_FALSE(parse_operation(text));
  }
}

}  // namespace sim::etcd
