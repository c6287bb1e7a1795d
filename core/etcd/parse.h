// core/etcd/parse.h: from bytes to a message of the contract.
#pragma once

#include <google/protobuf/io/coded_stream.h>

#include <limits>
#include <string_view>

#include "core/api/kv.pb.h"

namespace etcd {

// How deep messages may lie in each other in a transaction; two for each transaction within another. Elsewhere
// protobuf's own limit of 100 is never near, but etcd lets --max-txn-ops alone bound transactions.
inline constexpr int kTxnDepthMax = 2000;

// False: these are not the bytes of such a message.
template <typename Message>
bool parse(Message& message, std::string_view bytes) {
  return bytes.size() <= std::numeric_limits<int>::max() &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}
inline bool parse(etcdserverpb::TxnRequest& message, std::string_view bytes) {
  if (bytes.size() > std::numeric_limits<int>::max()) return false;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  in.SetRecursionLimit(kTxnDepthMax);
  return message.ParseFromCodedStream(&in) && in.ConsumedEntireMessage();
}

}  // namespace etcd
