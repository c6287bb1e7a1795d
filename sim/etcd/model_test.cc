#include "sim/etcd/model.h"

#include <doctest/doctest.h>

#include "sim/etcd/operation.h"

namespace sim::etcd {

namespace {
const std::string kOpen("\0", 1);
}

TEST_CASE("the model follows etcd's revisions and versions") {  // behaviour reference §2.3
  Model model;
  CHECK_EQ(model.revision(), 1);
  model.put("a", "1");
  model.put("a", "2");
  model.put("b", "3");
  CHECK_EQ(model.revision(), 4);
  const ModelRange now = model.range("a", kOpen, 4, 0);
  REQUIRE_EQ(now.count, 2);
  CHECK((now.kvs[0] == ModelKeyValue{"a", "2", 2, 3, 2}));
  CHECK((model.range("a", "", 2, 0).kvs[0] == ModelKeyValue{"a", "1", 2, 2, 1}));
  CHECK_EQ(model.range("a", "", 1, 0).count, 0);
  CHECK_EQ(model.erase("a", kOpen), 2);
  CHECK_EQ(model.revision(), 5);
  CHECK_EQ(model.erase("a", kOpen), 0);
  CHECK_EQ(model.revision(), 5);  // deleting nothing is no change
  CHECK_EQ(model.range("a", kOpen, 5, 0).count, 0);
  CHECK_EQ(model.range("a", kOpen, 4, 1).kvs.size(), 1);
  CHECK_EQ(model.range("a", kOpen, 4, 1).count, 2);
  model.put("a", "4");
  CHECK((model.range("a", "", 6, 0).kvs[0] == ModelKeyValue{"a", "4", 6, 6, 1}));
  CHECK_EQ(model.range("b", "a", 4, 0).count, 0);  // an end at or below the key is empty
}

TEST_CASE("operations read back as they were written, and nonsense is refused") {
  for (const char* text : {"put k1 100", "put k1 0 prev", "get k1", "get k1 k5 back=3 limit=2", "get a * serializable",
                           "delete k1", "delete a * prev"}) {
    const base::Result<KvOperation> parsed = parse_operation(text);
    REQUIRE(parsed);
    CHECK_EQ(to_text(*parsed), text);
  }
  for (const char* text : {"", "put", "put k", "put k x", "get", "steal k", "get a b c", "get a back=x", "put k 1 2"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_operation(text));
  }
}

}  // namespace sim::etcd
