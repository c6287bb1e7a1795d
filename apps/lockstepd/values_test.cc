#include "apps/lockstepd/values.h"

#include <doctest/doctest.h>

#include <ostream>

using namespace lockstepd;

TEST_CASE("booleans are spelled as Go spells them") {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) CHECK(parse_boolean(yes) == true);
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"}) CHECK(parse_boolean(no) == false);
  for (const char* bad : {"", "yes", "no", "tRUE", " true", "2"}) CHECK(!parse_boolean(bad).has_value());
}

TEST_CASE("numbers are decimal, whole and in range") {
  CHECK(parse_count("0") == 0U);
  CHECK(parse_count("18446744073709551615") == UINT64_MAX);
  CHECK(parse_number("-7") == -7);
  for (const char* bad : {"", "-1", "+1", "1.5", "1x", "0x10", " 1", "18446744073709551616"}) {
    CAPTURE(bad);
    CHECK(!parse_count(bad).has_value());
  }
  CHECK(!parse_number("9223372036854775808").has_value());
}

TEST_CASE("durations are spelled as Go spells them") {
  struct Case {
    std::string_view text;
    std::int64_t nanoseconds;
  };
  constexpr Case cases[] = {{"0", 0}, {"0s", 0}, {"1ns", 1}, {"100ms", 100'000'000}, {"5s", 5'000'000'000}, {"1m0s", 60'000'000'000},
                            {"1h30m", 5'400'000'000'000}, {"1.5s", 1'500'000'000}, {".5s", 500'000'000}, {"2us", 2'000},
                            {"-3ms", -3'000'000}, {"+3ms", 3'000'000}, {"1.0000000005s", 1'000'000'000}, {"2562047h", 9'223'369'200'000'000'000}};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto parsed = parse_duration(c.text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->count() == c.nanoseconds);
  }
  for (const char* bad : {"", "5", "s", "-", ".", ".s", "5x", "5 s", "1h30", "2562048h", "99999999999999999999s"}) {
    CAPTURE(bad);
    CHECK(!parse_duration(bad).has_value());
  }
}
