// storage/mvcc/record.h: what a row of the bucket `key` holds (docs/formats/key-rows.md).
//
// The value of a row is a serialized mvccpb.KeyValue, byte for byte what protobuf would write, so an answer is
// put together from rows without decoding them. A tombstone's record has the key alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace mvcc {

struct Record {
  std::string_view key = {};
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::int64_t version = 0;
  std::string_view value = {};
  std::int64_t lease = 0;
};

std::string encode(const Record& record);

// Views into `bytes`. `damaged` when these hold anything but the fields that encode() writes, or no key.
base::Result<Record> decode(std::string_view bytes);

}  // namespace mvcc
