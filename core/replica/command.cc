#include "core/replica/command.h"

#include "core/base/codec.h"

namespace replica {

namespace {
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kRecordHeaderBytes = 1 + 8 + 8 + 4;
}  // namespace

std::string encode_command(const Requester& requester, std::string_view command) {
  std::string record;
  record.reserve(kRecordHeaderBytes + requester.user.size() + command.size());
  base::ByteWriter writer(record);
  writer.u8(kFormat);
  writer.u64(requester.request_id);
  writer.u64(requester.auth_revision);
  writer.bytes(requester.user);
  writer.raw(command);
  return record;
}

base::Result<DecodedCommand> decode_command(std::string_view record) {
  base::ByteReader reader(record);
  const std::uint8_t format = reader.u8();
  if (reader.ok() && format != kFormat) {
    return base::fail(base::Code::invalid, "a command of format " + std::to_string(format) +
                                               "; this version knows only format 1: use the version that wrote it");
  }
  DecodedCommand command;
  command.requester.request_id = reader.u64();
  command.requester.auth_revision = reader.u64();
  command.requester.user = reader.bytes();
  command.bytes = reader.raw(reader.remaining());
  if (!reader.ok()) return base::fail(base::Code::damaged, "a command record that is cut short");
  return command;
}

}  // namespace replica
