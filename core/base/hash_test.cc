#include "core/base/hash.h"

#include "property_tests/property.h"

namespace base {

TEST_CASE("hashes are the published ones, on every machine") {
  CHECK_EQ(hash64(""), 0x2d06800538d394c2U);  // XXH3_64bits of nothing
  CHECK_EQ(to_text(hash128("")), "99aa06d3014798d86001c324468d497f");
}

PROPERTY("a sum of hashes forgets order, and removal undoes addition") {
  property_tests::property("group", [](const std::string& a, const std::string& b, const std::string& c) {
    Hash128 one;
    one.add(hash128(a));
    one.add(hash128(b));
    one.add(hash128(c));
    Hash128 two;
    two.add(hash128(c));
    two.add(hash128(a));
    two.add(hash128(b));
    RC_ASSERT(one == two);
    one.remove(hash128(b));
    one.remove(hash128(a));
    one.remove(hash128(c));
    RC_ASSERT(one == Hash128{});
  });
}

PROPERTY("mixing keeps every bit of both words") {
  property_tests::property("bijections", [](std::uint64_t a, std::uint64_t b, std::uint64_t other) {
    RC_PRE(b != other);
    RC_ASSERT(mix64(a, b) != mix64(a, other));
    RC_ASSERT(mix64(b, a) != mix64(other, a));
    RC_ASSERT(mix64(a, b) != mix64(a, b ^ 1U));
  });
}

PROPERTY("a digest depends on order and on where one part ends") {
  property_tests::property("chain", [](const std::string& a, const std::string& b) {
    RC_PRE(a != b);
    Digest ab, ba, joined;
    ab.fold(a);
    ab.fold(b);
    ba.fold(b);
    ba.fold(a);
    joined.fold(a + b);
    RC_ASSERT(ab.value() != ba.value());
    RC_ASSERT(ab.value() != joined.value());
  });
}

}  // namespace base
