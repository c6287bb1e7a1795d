#include "core/etcd/command.h"

#include "core/base/assert.h"

namespace etcd {

std::string encode_command(CommandKind kind, const google::protobuf::MessageLite& message) {
  std::string bytes;
  bytes.reserve(1 + message.ByteSizeLong());
  bytes.push_back(static_cast<char>(kind));
  ASSERT(message.AppendToString(&bytes));
  return bytes;
}

std::optional<CommandView> decode_command(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto kind = static_cast<CommandKind>(bytes.front());
  switch (kind) {
    case CommandKind::put:
    case CommandKind::delete_range:
    case CommandKind::publish_member:
    case CommandKind::txn:
    case CommandKind::compact:
    case CommandKind::set_cluster_version:
    case CommandKind::lease_grant:
    case CommandKind::lease_revoke:
    case CommandKind::lease_checkpoint: return CommandView{kind, bytes.substr(1)};
  }
  return std::nullopt;
}

}  // namespace etcd
