// core/etcd/command.h: what etcd's state machine is told through the log (docs/formats/etcd-command.md).
//
// One byte says which, then a message of the contract follows. Only fields that this version knows travel: a
// field that a newer member would understand and an older one would not must never decide what an entry does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <google/protobuf/message_lite.h>

namespace etcd {

enum class CommandKind : std::uint8_t {
  put = 1,                // etcdserverpb.PutRequest
  delete_range = 2,       // etcdserverpb.DeleteRangeRequest
  publish_member = 3,     // membershippb.Member: what a member says about itself once it runs
  txn = 4,                // etcdserverpb.TxnRequest that may write
  compact = 5,            // etcdserverpb.CompactionRequest; `physical` is its sender's matter
  set_cluster_version = 6,  // membershippb.ClusterVersionSetRequest, from a leader
  lease_grant = 7,        // etcdserverpb.LeaseGrantRequest: its proposer has chosen the id and raised the TTL
  lease_revoke = 8,       // etcdserverpb.LeaseRevokeRequest
  lease_checkpoint = 9,   // etcdserverpb.LeaseCheckpointRequest, from a leader
};

// Requires: `message` has no unknown fields (discard them first).
std::string encode_command(CommandKind kind, const google::protobuf::MessageLite& message);

struct CommandView {
  CommandKind kind;
  std::string_view message;
};
// nullopt: of no kind that this version knows.
std::optional<CommandView> decode_command(std::string_view bytes);

}  // namespace etcd
