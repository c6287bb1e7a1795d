// A row of the bucket `key`: refused, or the same record after it was written again.
#include <cstdint>
#include <string_view>

#include "core/base/assert.h"
#include "storage/mvcc/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Result<mvcc::Record> record = mvcc::decode(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!record) return 0;
  const std::string bytes = mvcc::encode(*record);
  const base::Result<mvcc::Record> again = mvcc::decode(bytes);
  ASSERT(again.has_value());
  ASSERT(mvcc::encode(*again) == bytes);
  ASSERT(again->key == record->key);
  ASSERT(again->value == record->value);
  ASSERT(again->create_revision == record->create_revision);
  ASSERT(again->mod_revision == record->mod_revision);
  ASSERT(again->version == record->version);
  ASSERT(again->lease == record->lease);
  return 0;
}
