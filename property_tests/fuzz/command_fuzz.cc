// What the log holds for the layers above it: the replica's record, etcd's command in it, and a configuration.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/etcd/command.h"
#include "core/raft/configuration.h"
#include "core/replica/command.h"

namespace {

void check_record(std::string_view bytes) {
  const base::Result<replica::DecodedCommand> record = replica::decode_command(bytes);
  if (!record) {
    ASSERT(!record.error().detail.empty());
    return;
  }
  // One reading, one writing: two members that read a record alike also hash it alike.
  ASSERT(replica::encode_command(record->requester, record->bytes) == bytes);
  const std::optional<etcd::CommandView> command = etcd::decode_command(record->bytes);
  if (command) ASSERT(command->message.size() + 1 == record->bytes.size());
}

void check_configuration(std::string_view bytes) {
  const base::Result<raft::Configuration> configuration = raft::decode_configuration(bytes);
  if (!configuration) {
    ASSERT(!configuration.error().detail.empty());
    return;
  }
  ASSERT(raft::encode(*configuration) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_record(bytes);
  check_configuration(bytes);
  return 0;
}
