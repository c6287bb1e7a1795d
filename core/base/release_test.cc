#include "core/base/release.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace base {
namespace {

TEST_CASE("what is released is empty and holds no memory") {
  std::string text(1000, 'x');
  release(text);
  CHECK(text.empty());
  CHECK_EQ(text.capacity(), std::string().capacity());
  std::vector<int> numbers(1000, 1);
  release(numbers);
  CHECK(numbers.empty());
  CHECK_EQ(numbers.capacity(), 0);
}

}  // namespace
}  // namespace base
