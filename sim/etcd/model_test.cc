#include "sim/etcd/model.h"

#include <doctest/doctest.h>


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

}  // namespace sim::etcd
