#include "core/base/codec.h"

#include "property_tests/property.h"

namespace base {

PROPERTY("what was written reads back, and nothing is left") {
  property_tests::property("round trip", [](std::uint8_t a, std::uint16_t b, std::uint32_t c, std::uint64_t d, const std::string& s) {
    std::string out;
    ByteWriter writer(out);
    writer.u8(a);
    writer.u16(b);
    writer.u32(c);
    writer.u64(d);
    writer.bytes(s);
    ByteReader reader(out);
    RC_ASSERT(reader.u8() == a);
    RC_ASSERT(reader.u16() == b);
    RC_ASSERT(reader.u32() == c);
    RC_ASSERT(reader.u64() == d);
    RC_ASSERT(reader.bytes() == s);
    RC_ASSERT(reader.ok());
    RC_ASSERT(reader.at_end());
  });
}

TEST_CASE("a reader that ran over the end stays failed and invents nothing") {
  ByteReader reader("\x01\x02\x03");
  CHECK_EQ(reader.u32(), 0);
  CHECK_FALSE(reader.ok());
  CHECK_EQ(reader.u8(), 0);  // although a byte was there before the failure
  CHECK(reader.bytes().empty());
}

TEST_CASE("a length beyond the input is refused") {
  std::string out;
  ByteWriter(out).u32(1000);
  ByteReader reader(out);
  CHECK(reader.bytes().empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("fields are little-endian") {
  std::string out;
  ByteWriter(out).u32(0x01020304);
  CHECK_EQ(out, std::string("\x04\x03\x02\x01"));
}

}  // namespace base
