#include "storage/wal/batch.h"

#include "core/base/codec.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "property_tests/property.h"

namespace wal {
namespace {

const SegmentHeader kSegment = {{base::ClusterId(1), base::MemberId(2)}, SegmentNumber(7), 0x1234, 1U << 20U};
const BatchPlace kPlace = {BatchNumber(9), BatchNumber(9), 0x1122334455667788};

base::Entry entry(std::uint64_t term, std::uint64_t index, base::EntryKind kind, std::string_view data) {
  return {{base::Term(term), base::LogIndex(index)},
          kind,
          data.empty() ? nullptr : std::make_shared<const std::string>(data)};
}

// A batch whose records are `records`, as they are.
std::string raw_batch(std::uint32_t record_count, std::string_view records) {
  std::string covered;
  base::ByteWriter out(covered);
  out.u32(0x3142534c);
  out.u32(record_count);
  out.u64(kBatchHeaderBytes + records.size());
  out.u64(kSegment.number.value());
  out.u64(kPlace.number.value());
  out.u64(kPlace.synced_before.value());
  out.u64(kPlace.chain);
  out.raw(records);
  std::string bytes;
  base::ByteWriter(bytes).u64(base::hash64(covered, kSegment.salt));
  return bytes + covered;
}

}  // namespace

TEST_CASE("a batch has the bytes that docs/formats/wal.md draws") {
  BatchWriter writer;
  writer.begin();
  writer.add(base::HardState{base::Term(3), base::MemberId(4), base::LogIndex(5)});
  writer.add(base::StoreMark{base::StoreGeneration(6), base::LogIndex(7)});
  writer.add(base::LogStart{{base::Term(1), base::LogIndex(2)}, "conf"}, SegmentNumber(8));
  writer.add(entry(3, 6, base::EntryKind::command, "put"));
  const std::string bytes(writer.seal(kSegment, kPlace));
  CHECK_EQ(bytes.size(), 512);
  const std::string drawn(
      "LSB1"
      "\x04\0\0\0"                        // records
      "\xa4\0\0\0\0\0\0\0"                // size
      "\x07\0\0\0\0\0\0\0"                // segment
      "\x09\0\0\0\0\0\0\0"                // number
      "\x09\0\0\0\0\0\0\0"                // synced before
      "\x88\x77\x66\x55\x44\x33\x22\x11"  // chain
      "\x02\x18\0\0\0\x03\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0"
      "\x03\x10\0\0\0\x06\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0"
      "\x04\x1c\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0conf"
      "\x01\x14\0\0\0\x03\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\x01put",
      156);
  CHECK_EQ(base::escaped(bytes.substr(8, 156)), base::escaped(drawn));
  CHECK_EQ(bytes.substr(164), std::string(512 - 164, '\0'));
  CHECK_EQ(base::hex(writer.checksum()), "a50ee503ae2a29cf");
  CHECK_EQ(base::ByteReader(bytes).u64(), writer.checksum());
}

PROPERTY("a batch reads back") {
  property_tests::property("round trip", [](const std::vector<std::pair<std::uint8_t, std::string>>& data, bool has_state,
                                            std::uint64_t term, const std::string& configuration) {
    BatchWriter writer;
    writer.begin();
    const base::HardState hard_state = {base::Term(term), base::MemberId(term / 3), base::LogIndex(term / 5)};
    if (has_state) writer.add(hard_state);
    if (has_state) writer.add(base::LogStart{{base::Term(1), base::LogIndex(9)}, configuration}, SegmentNumber(3));
    const bool is_reset = has_state && term % 2 == 0;
    if (is_reset) writer.add_reset();
    std::vector<base::Entry> entries;
    for (const auto& [kind, text] : data) {
      entries.push_back(entry(term, entries.size() + 1, static_cast<base::EntryKind>(kind % 3), text));
      writer.add(entries.back());
    }
    const std::uint64_t padded_bytes = writer.padded_bytes();
    const std::string file(writer.seal(kSegment, kPlace));
    RC_ASSERT(file.size() == padded_bytes);
    const std::optional<BatchView> batch = find_batch(file, 0, kSegment);
    RC_ASSERT(batch.has_value());
    RC_ASSERT(batch->place == kPlace);
    RC_ASSERT(batch->checksum == writer.checksum());
    const base::Result<Contents> contents = decode_records(*batch);
    RC_ASSERT(contents.has_value());
    RC_ASSERT(contents->hard_state.has_value() == has_state);
    if (has_state) {
      RC_ASSERT(*contents->hard_state == hard_state);
      RC_ASSERT(contents->start->configuration == configuration);
      RC_ASSERT(contents->oldest_segment == SegmentNumber(3));
    }
    RC_ASSERT(contents->is_reset == is_reset);
    RC_ASSERT(contents->entries.size() == entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      RC_ASSERT(contents->entries[i].id == entries[i].id);
      RC_ASSERT(contents->entries[i].kind == entries[i].kind);
      RC_ASSERT(contents->entries[i].bytes() == entries[i].bytes());
    }
  });
}

TEST_CASE("a batch with any changed byte, of another segment or of another salt is not there") {
  BatchWriter writer;
  writer.begin();
  writer.add(entry(1, 1, base::EntryKind::command, "value"));
  const std::string good(writer.seal(kSegment, kPlace));
  REQUIRE(find_batch(good, 0, kSegment).has_value());
  const std::uint64_t bytes = find_batch(good, 0, kSegment)->bytes;
  for (std::size_t i = 0; i < bytes; ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    CHECK_FALSE(find_batch(bad, 0, kSegment).has_value());
  }
  SegmentHeader recycled = kSegment;
  recycled.salt ^= 1;
  CHECK_FALSE(find_batch(good, 0, recycled).has_value());
  SegmentHeader other = kSegment;
  other.number = other.number.next();
  CHECK_FALSE(find_batch(good, 0, other).has_value());
  CHECK_FALSE(find_batch(std::string(512, '\0'), 0, kSegment).has_value());
}

TEST_CASE("records of a newer format are refused as such, nonsense as damage") {
  struct Case {
    std::string_view name;
    std::uint32_t count;
    std::string records;
    base::Code code;
  };
  const std::string entry_ids("\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0", 16);
  const Case cases[] = {
      {"a kind from the future", 1, std::string("\x06\0\0\0\0", 5), base::Code::invalid},
      {"an entry kind from the future", 1, std::string("\x01\x11\0\0\0", 5) + entry_ids + "\x03", base::Code::invalid},
      {"a record short of its length", 1, std::string("\x02\x18\0\0\0\x01", 6), base::Code::damaged},
      {"a hard state that is too long", 1, std::string("\x02\x19\0\0\0", 5) + std::string(25, '\0'), base::Code::damaged},
      {"a store mark that is too short", 1, std::string("\x03\x08\0\0\0", 5) + std::string(8, '\0'), base::Code::damaged},
      {"a log start that is too short", 1, std::string("\x04\x08\0\0\0", 5) + std::string(8, '\0'), base::Code::damaged},
      {"an entry at log index 0", 1, std::string("\x01\x11\0\0\0", 5) + std::string(17, '\0'), base::Code::damaged},
      {"a record too many", 0, std::string("\x05\0\0\0\0", 5), base::Code::damaged},
      {"a reset that says something", 1, std::string("\x05\x01\0\0\0\0", 6), base::Code::damaged},
      {"a reset behind an entry", 2, std::string("\x01\x11\0\0\0", 5) + entry_ids + '\0' + std::string("\x05\0\0\0\0", 5), base::Code::damaged},
      {"a record too few", 1, "", base::Code::damaged},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const std::string bytes = raw_batch(c.count, c.records);
    const std::optional<BatchView> batch = find_batch(bytes, 0, kSegment);
    REQUIRE(batch.has_value());
    const base::Result<Contents> contents = decode_records(*batch);
    REQUIRE_FALSE(contents.has_value());
    CHECK_EQ(contents.error().code, c.code);
  }
}

}  // namespace wal
