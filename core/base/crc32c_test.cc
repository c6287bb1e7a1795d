#include "core/base/crc32c.h"

#include <doctest/doctest.h>

#include <string>

namespace base {

namespace {
std::uint32_t crc_of(std::string_view bytes) {
  Crc32c crc;
  crc.add(bytes);
  return crc.value();
}
}  // namespace

TEST_CASE("CRC-32C gives the known numbers") {  // RFC 3720, appendix B.4
  std::string ascending;
  std::string descending;
  for (int i = 0; i < 32; ++i) {
    ascending.push_back(static_cast<char>(i));
    descending.push_back(static_cast<char>(31 - i));
  }
  CHECK_EQ(crc_of(""), 0);
  CHECK_EQ(crc_of("123456789"), 0xE3069283U);
  CHECK_EQ(crc_of(std::string(32, '\0')), 0x8A9136AAU);
  CHECK_EQ(crc_of(std::string(32, '\xff')), 0x62A8AB43U);
  CHECK_EQ(crc_of(ascending), 0x46DD794EU);
  CHECK_EQ(crc_of(descending), 0x113FDB5CU);
}

TEST_CASE("the machine's instruction and the table agree") {
  std::string text;
  for (int size = 0; size < 100; ++size) {
    CAPTURE(size);
    Crc32c table;
    table.add_by_table(text);
    CHECK_EQ(crc_of(text), table.value());
    text.push_back(static_cast<char>(size * 37 + 200));
  }
}

TEST_CASE("it does not matter where the bytes are cut") {
  const std::string text = "a record of some length, cut in two at every place";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Crc32c crc;
    crc.add(std::string_view(text).substr(0, cut));
    crc.add(std::string_view(text).substr(cut));
    CHECK_EQ(crc.value(), crc_of(text));
  }
}

}  // namespace base
