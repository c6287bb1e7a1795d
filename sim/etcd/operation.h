// sim/etcd/operation.h: what a simulated client asks, as a line of a trace.
//
//   put KEY SIZE [prev]                     the value is unique: client, number, and padding up to SIZE bytes
//   get KEY [END] [back=N] [limit=N] [serializable] [keys] [count] [descending]
//   stream KEY [END] [back=N] [limit=N] [serializable] [keys] [count]     the same as a RangeStream, read whole
//   delete KEY [END] [prev]
//   txn [ COMPARE ; … ] [ OPERATION ; … ] [ OPERATION ; … ]     if, then, else; txns may be nested
//   compact N [physical]                    to N revisions before the newest that anybody has been shown
//   hash [back=N]                           HashKV
//   move N                                  MoveLeader to the member with this number, counted from 0; only the leader does that
//
//   COMPARE: KEY [END] version|create|mod|value =|!=|<|> NUMBER|seen
//
// KEY and END are words; END `*` stands for "every key from KEY on". `back=N` reads N revisions before the newest that
// anybody has been shown; `seen` is what KEY has there, as a client that read it before would compare it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace sim::etcd {

enum class OperationKind : std::uint8_t { put, get, erase, txn, compact, stream, hash, move };
inline constexpr std::size_t kOperationKindCount = 8;
enum class CompareTarget : std::uint8_t { version, create, mod, value };
enum class CompareRelation : std::uint8_t { equal, not_equal, less, greater };

struct KvCompare {
  std::string key;
  std::string range_end;
  CompareTarget target = CompareTarget::version;
  CompareRelation relation = CompareRelation::equal;
  std::int64_t number = -1;  // below zero: as seen
};

struct KvOperation {
  OperationKind kind = OperationKind::get;
  std::string key;
  std::string range_end;  // as on the wire: empty for one key, one zero byte for an open end
  std::uint64_t value_bytes = 0;
  bool prev_kv = false;
  bool is_serializable = false;
  bool keys_only = false;
  bool count_only = false;
  bool is_descending = false;
  bool is_physical = false;
  std::int64_t back = -1;  // below zero: the newest revision
  std::int64_t limit = 0;
  std::uint32_t member = 0;  // of move
  std::vector<KvCompare> compares;
  std::vector<KvOperation> success;
  std::vector<KvOperation> failure;
};

std::string to_text(const KvOperation& operation);
std::string to_text(const KvCompare& compare);
base::Result<KvOperation> parse_operation(std::string_view text);

// The value that the `part`th put of operation `number` of client `client` writes: nobody else ever writes it.
std::string unique_value(std::uint32_t client, std::uint32_t number, std::uint32_t part, std::uint64_t bytes);

}  // namespace sim::etcd
