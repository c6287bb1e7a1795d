#include "core/raft/configuration.h"

#include "property_tests/property.h"

namespace raft {

namespace {
Configuration three() {
  return {{{base::MemberId(1), false, "http://a:2380"}, {base::MemberId(2), false, ""}, {base::MemberId(9), true, "x"}}};
}
}  // namespace

TEST_CASE("learners are members, and count in no quorum") {
  CHECK_EQ(three().voter_count(), 2);
  CHECK(three().is_voter(base::MemberId(1)));
  CHECK_FALSE(three().is_voter(base::MemberId(9)));
  CHECK_FALSE(three().is_voter(base::MemberId(3)));
}

TEST_CASE("a configuration reads back as it was written") {
  const base::Result<Configuration> read = decode_configuration(encode(three()));
  REQUIRE(read);
  CHECK(*read == three());
}

TEST_CASE("bytes that no version of ours wrote are refused") {
  const std::string good = encode(three());
  CHECK_EQ(decode_configuration("").error().code, base::Code::damaged);
  CHECK_EQ(decode_configuration(good.substr(0, good.size() - 1)).error().code, base::Code::damaged);
  CHECK_EQ(decode_configuration(good + "x").error().code, base::Code::damaged);
  CHECK_EQ(decode_configuration("\x02" + good.substr(1)).error().code, base::Code::invalid);  // a newer format
}

PROPERTY("arbitrary bytes are refused or read, never more") {
  property_tests::property("no crash", [](const std::string& bytes) {
    const base::Result<Configuration> read = decode_configuration(std::string("\x01") + bytes);
    if (read) RC_ASSERT(encode(*read) == std::string("\x01") + bytes);
  });
}

}  // namespace raft
