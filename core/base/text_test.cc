#include "core/base/text.h"

#include <doctest/doctest.h>

namespace base {

TEST_CASE("text is escaped so that it may stand in JSON") {
  struct Case { std::string_view raw, shown; };
  constexpr Case cases[] = {
      {"plain", "plain"}, {"a\"b\\c", "a\\\"b\\\\c"}, {"\n", "\\u000a"}, {"\xff", "\\u00ff"}, {"", ""},
  };
  for (const Case& c : cases) CHECK_EQ(escaped(c.raw), c.shown);
}

TEST_CASE("hexadecimal is lower case without padding") {
  CHECK_EQ(hex(0), "0");
  CHECK_EQ(hex(0xABCu), "abc");
  CHECK_EQ(hex(UINT64_MAX), "ffffffffffffffff");
}

}  // namespace base
