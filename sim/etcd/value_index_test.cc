#include "sim/etcd/value_index.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sim::etcd {

TEST_CASE("every value is found again, and no other") {
  ValueIndex index;
  CHECK_EQ(index.owner_of("nobody's"), ValueIndex::kNone);
  std::vector<std::string> values;
  for (std::uint32_t i = 0; i < 5000; ++i) values.push_back("value " + std::to_string(i));
  for (std::uint32_t i = 0; i < 5000; ++i) CHECK(index.add(values[i], i / 2));
  for (std::uint32_t i = 0; i < 5000; ++i) {
    CHECK_EQ(index.owner_of("value " + std::to_string(i)), i / 2);
    CHECK_EQ(index.owner_of("other " + std::to_string(i)), ValueIndex::kNone);
  }
}

TEST_CASE("a value has one owner: the first one") {
  ValueIndex index;
  index.reserve(1000);
  CHECK(index.add("one", 7));
  CHECK_FALSE(index.add("one", 8));
  CHECK_EQ(index.owner_of("one"), 7);
}

}  // namespace sim::etcd
