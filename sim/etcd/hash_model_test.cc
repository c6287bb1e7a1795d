#include "sim/etcd/hash_model.h"

#include <doctest/doctest.h>

namespace sim::etcd {

// Each number is what etcd 3.4.23 answered to `etcdctl endpoint hashkv` after the same requests.
TEST_CASE("the plain hash is etcd's") {
  Model model;
  CHECK_EQ(hash_kv(model, 1, -1), 1084519789U);
  model.put("a", "1");
  model.put("b", "2");
  model.put("a", "3");
  CHECK_EQ(hash_kv(model, 4, -1), 2069675932U);
  model.erase("b", "");
  model.put("c", "");
  CHECK_EQ(hash_kv(model, 6, -1), 1947802976U);
  CHECK_EQ(hash_kv(model, 6, 4), 323977103U);
  CHECK_EQ(hash_kv(model, 6, 5), 244968164U);  // exactly at a tombstone
}

TEST_CASE("a row is told from a tombstone, and changes of one revision from each other") {
  Model model;
  model.begin();
  model.put("a", "1");
  model.put("b", "2");
  model.end();
  model.erase("a", "");
  const std::vector<ModelRow> rows = model.rows(-1, 3);
  REQUIRE_EQ(rows.size(), 3);
  CHECK_EQ(rows[0].main, 2);
  CHECK_EQ(rows[0].sub, 0);
  CHECK_EQ(rows[1].main, 2);
  CHECK_EQ(rows[1].sub, 1);
  CHECK(rows[2].is_tombstone);
  CHECK_EQ(record_of(rows[2]), std::string("\x0a\x01" "a", 3));
  CHECK_EQ(model.rows(3, 3).size(), 2);  // what stands, and the tombstone exactly there
  CHECK_EQ(model.rows(-1, 2).size(), 2);
}

}  // namespace sim::etcd
