#include "storage/mvcc/record.h"

#include "core/base/assert.h"
#include "storage/mvcc/proto_wire.h"

namespace mvcc {

namespace {

// Field numbers of mvccpb.KeyValue.
constexpr std::uint32_t kKey = 1;
constexpr std::uint32_t kCreateRevision = 2;
constexpr std::uint32_t kModRevision = 3;
constexpr std::uint32_t kVersion = 4;
constexpr std::uint32_t kValue = 5;
constexpr std::uint32_t kLease = 6;

constexpr std::size_t kOverheadBytesMax = 7 + 4 * 10 + 2 * 5;  // tags, numbers and lengths

// One field of `record` off the front of `in`; false when there is none that we write.
bool take_field(std::string_view& in, Record& record) {
  const std::optional<std::uint64_t> tag = wire::take_varint(in);
  if (!tag) return false;
  if (*tag == wire::tag(kKey, wire::kBytes) || *tag == wire::tag(kValue, wire::kBytes)) {
    const std::optional<std::string_view> bytes = wire::take_bytes(in);
    if (bytes) (*tag == wire::tag(kKey, wire::kBytes) ? record.key : record.value) = *bytes;
    return bytes.has_value();
  }
  const std::optional<std::uint64_t> number = wire::take_varint(in);
  if (!number) return false;
  const auto value = static_cast<std::int64_t>(*number);
  switch (*tag) {
    case wire::tag(kCreateRevision, wire::kVarint): record.create_revision = value; return true;
    case wire::tag(kModRevision, wire::kVarint): record.mod_revision = value; return true;
    case wire::tag(kVersion, wire::kVarint): record.version = value; return true;
    case wire::tag(kLease, wire::kVarint): record.lease = value; return true;
    default: return false;
  }
}

}  // namespace

std::string encode(const Record& record) {
  ASSERT(!record.key.empty());
  std::string out;
  out.reserve(record.key.size() + record.value.size() + kOverheadBytesMax);
  wire::append_bytes(out, kKey, record.key);
  wire::append_int64(out, kCreateRevision, record.create_revision);
  wire::append_int64(out, kModRevision, record.mod_revision);
  wire::append_int64(out, kVersion, record.version);
  wire::append_bytes(out, kValue, record.value);
  wire::append_int64(out, kLease, record.lease);
  return out;
}

base::Result<Record> decode(std::string_view bytes) {
  Record record;
  while (!bytes.empty()) {
    if (!take_field(bytes, record)) {
      return base::fail(base::Code::damaged, "a row of the bucket `key` is not a record of a key");
    }
  }
  if (record.key.empty()) return base::fail(base::Code::damaged, "a row of the bucket `key` names no key");
  return record;
}

}  // namespace mvcc
