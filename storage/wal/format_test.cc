#include "storage/wal/format.h"

#include "core/base/codec.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "property_tests/property.h"

namespace wal {
namespace {

const SegmentHeader kHeader = {{base::ClusterId(0x0102030405060708), base::MemberId(0x1112131415161718)},
                               SegmentNumber(0x2a),
                               0x2122232425262728,
                               16U << 20U};

}  // namespace

TEST_CASE("the header of a segment has the bytes that docs/formats/wal.md draws") {
  const std::string bytes = encode(kHeader);
  REQUIRE_EQ(bytes.size(), 512);
  const std::string fields(
      "LockWAL\0"                          // magic
      "\x01\0\0\0"                         // version
      "\0\x10\0\0"                         // offset of the first batch
      "\x08\x07\x06\x05\x04\x03\x02\x01"   // cluster
      "\x18\x17\x16\x15\x14\x13\x12\x11"   // member
      "\x2a\0\0\0\0\0\0\0"                 // number
      "\x28\x27\x26\x25\x24\x23\x22\x21"   // salt
      "\0\0\0\x01\0\0\0\0",                // length
      56);
  CHECK_EQ(base::escaped(bytes.substr(0, 56)), base::escaped(fields));
  CHECK_EQ(bytes.substr(56, 448), std::string(448, '\0'));
  CHECK_EQ(base::hex(checksum_of(kHeader)), "edf31fec73fdaa19");
  CHECK_EQ(base::escaped(bytes.substr(504)), base::escaped("\x19\xaa\xfd\x73\xec\x1f\xf3\xed"));
}

PROPERTY("a header reads back") {
  property_tests::property("round trip", [](std::uint64_t cluster, std::uint64_t member, std::uint64_t number,
                                            std::uint64_t salt, std::uint64_t extra_bytes) {
    const SegmentHeader header = {{base::ClusterId(cluster), base::MemberId(member)},
                                  SegmentNumber(number),
                                  salt,
                                  kFirstBatchOffset + extra_bytes % (1U << 30U)};
    const base::Result<SegmentHeader> read = decode_header(encode(header));
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == header);
  });
}

TEST_CASE("every changed byte of a header is damage") {
  const std::string good = encode(kHeader);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    const base::Result<SegmentHeader> read = decode_header(bad);
    REQUIRE_FALSE(read.has_value());
    CHECK_EQ(read.error().code, base::Code::damaged);
  }
  CHECK_EQ(decode_header(std::string(512, '\0')).error().code, base::Code::damaged);
}

TEST_CASE("a header of a newer format is refused as such, not as damage") {
  std::string newer = encode(kHeader).substr(0, 504);
  newer[8] = 2;
  const std::uint64_t checksum = base::hash64(newer);
  base::ByteWriter(newer).u64(checksum);
  const base::Result<SegmentHeader> read = decode_header(newer);
  REQUIRE_FALSE(read.has_value());
  CHECK_EQ(read.error().code, base::Code::invalid);
  CHECK_NE(read.error().detail.find("version 2"), std::string::npos);
}

TEST_CASE("names say what a file is, and other names are not ours") {
  CHECK_EQ(segment_path("wal", SegmentNumber(0xabc)), "wal/0000000000000abc.log");
  for (const FileKind kind : {FileKind::segment, FileKind::unfinished, FileKind::spare}) {
    const FileName name = {kind, SegmentNumber(0xfedcba9876543210)};
    CHECK(parse_file_name(to_text(name)) == name);
  }
  for (const std::string_view name : {"", "1.log", "0000000000000001", "0000000000000001.LOG", "000000000000000G.log",
                                      "000000000000000A.log", "0000000000000001.log.bak", "00000000000000001.log", "lost+found"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_file_name(name).has_value());
  }
}

}  // namespace wal
