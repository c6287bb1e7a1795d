// sim/etcd/operation.h: what a simulated client asks, as a line of a trace.
//
//   put KEY SIZE [prev]                     the value is unique: client, number, and padding up to SIZE bytes
//   get KEY [END] [at=R] [back=N] [limit=N] [serializable]
//   delete KEY [END] [prev]
//
// KEY and END are words; END `*` stands for "every key from KEY on". `back=N` reads N revisions before the
// newest that this client has seen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace sim::etcd {

enum class OperationKind : std::uint8_t { put, get, erase };

struct KvOperation {
  OperationKind kind = OperationKind::get;
  std::string key;
  std::string range_end;  // as on the wire: empty for one key, one zero byte for an open end
  std::uint64_t value_bytes = 0;
  bool prev_kv = false;
  bool is_serializable = false;
  std::int64_t back = -1;  // below zero: the newest revision
  std::int64_t limit = 0;
};

std::string to_text(const KvOperation& operation);
base::Result<KvOperation> parse_operation(std::string_view text);

// The value that put number `number` of client `client` writes: nobody else ever writes it.
std::string unique_value(std::uint32_t client, std::uint32_t number, std::uint64_t bytes);

}  // namespace sim::etcd
