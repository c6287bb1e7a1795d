#include "core/replica/command.h"

#include "property_tests/property.h"

namespace replica {

PROPERTY("a command record reads back as it was written") {
  property_tests::property("round trip", [](std::uint64_t id, const std::string& user, std::uint64_t revision, const std::string& bytes) {
    const std::string record = encode_command({id, user, revision}, bytes);
    const base::Result<DecodedCommand> read = decode_command(record);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->requester.request_id == id);
    RC_ASSERT(read->requester.user == user);
    RC_ASSERT(read->requester.auth_revision == revision);
    RC_ASSERT(read->bytes == bytes);
  });
}

TEST_CASE("a record of another format, or one cut short, is refused") {
  const std::string record = encode_command({1, "user", 2}, "");
  CHECK_EQ(decode_command("\x02" + record.substr(1)).error().code, base::Code::invalid);
  for (std::size_t size = 0; size < record.size(); ++size) {
    CAPTURE(size);
    CHECK_EQ(decode_command(record.substr(0, size)).error().code, base::Code::damaged);
  }
}

TEST_CASE("the bytes are those of docs/formats/command.md") {
  CHECK_EQ(encode_command({0x0102, "ab", 3}, "xyz"),
           std::string("\x01\x02\x01\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x02\0\0\0abxyz", 26));
}

}  // namespace replica
