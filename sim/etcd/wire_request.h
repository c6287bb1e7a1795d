// sim/etcd/wire_request.h: an operation of the workload as the request that a client sends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/api/kv.pb.h"
#include "sim/etcd/model.h"
#include "sim/etcd/operation.h"

namespace sim::etcd {

struct WireRequest {
  std::string_view path;
  bool is_stream = false;     // the answer comes in many messages
  std::string bytes;
  std::int64_t revision = 0;  // the lowest that is named in it; 0: none
  std::string first_value;    // of the first put, in order of writing; empty: it has none
  bool is_write = false;      // goes through the log if it arrives
};

// `shown`: the newest revision that anybody has been shown, to which `back=` and `seen` refer.
WireRequest make_request(std::uint32_t client, std::uint32_t number, const KvOperation& operation, const Model& model,
                         std::int64_t shown);

// The value of the first put in a committed transaction; empty when it has none.
std::string first_value(const etcdserverpb::TxnRequest& txn);

}  // namespace sim::etcd
