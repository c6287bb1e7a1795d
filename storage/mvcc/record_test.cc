#include "storage/mvcc/record.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/api/mvcc.pb.h"
#include "property_tests/property.h"

namespace mvcc {
namespace {

TEST_CASE("a tombstone's record is its key") {
  CHECK_EQ(encode({.key = "k"}), std::string("\x0a\x01k"));
}

TEST_CASE("the example in docs/formats/key-rows.md") {
  CHECK_EQ(encode({.key = "a", .create_revision = 2, .mod_revision = 5, .version = 3, .value = "hello"}),
           "\x0a\x01\x61\x10\x02\x18\x05\x20\x03\x2a\x05hello");
}

PROPERTY("a record is byte for byte what protobuf writes, and decodes to itself") {
  property_tests::property("record", [](std::string tail, std::string value, std::int64_t create, std::int64_t mod,
                                        std::int64_t version, std::int64_t lease) {
    const std::string key = "k" + tail;
    mvccpb::KeyValue expected;
    expected.set_key(key);
    expected.set_create_revision(create);
    expected.set_mod_revision(mod);
    expected.set_version(version);
    expected.set_value(value);
    expected.set_lease(lease);
    const std::string bytes = encode({key, create, mod, version, value, lease});
    RC_ASSERT(bytes == expected.SerializeAsString());

    const base::Result<Record> back = decode(bytes);
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->key == key);
    RC_ASSERT(back->create_revision == create);
    RC_ASSERT(back->mod_revision == mod);
    RC_ASSERT(back->version == version);
    RC_ASSERT(back->value == value);
    RC_ASSERT(back->lease == lease);
  });
}

TEST_CASE("bytes that are no record are refused") {
  struct Case { std::string_view name; std::string bytes; };
  const Case cases[] = {
      {"nothing", ""},
      {"no key", "\x10\x02"},
      {"an empty key", std::string("\x0a\x00", 2)},
      {"a tag without a field", "\x0a\x01k\x10"},
      {"a key longer than the row", "\x0a\x05k"},
      {"an unknown field", "\x0a\x01k\x38\x01"},
      {"a number that never ends", "\x0a\x01k\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
      {"the wrong type", "\x08\x01"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const base::Result<Record> record = decode(c.bytes);
    REQUIRE(!record.has_value());
    CHECK(record.error().code == base::Code::damaged);
  }
}

PROPERTY("a record that was cut short is refused or is another record, and is never read past its end") {
  property_tests::property("cut record", [](std::string value, std::size_t cut) {
    const std::string bytes = encode({"key", 2, 7, 3, value, 9});
    const std::string part = bytes.substr(0, cut % bytes.size());
    const base::Result<Record> record = decode(part);
    if (record) RC_ASSERT(record->key == "key");
  });
}

}  // namespace
}  // namespace mvcc
