// sim/etcd/history.h: what the clients of a run asked and were told, and the log of the store that served them.
//
// Times are nanoseconds of one monotonic clock, and no two of them are equal where one process has written them down: an
// operation was over before another one began when its end is less than the other's start. All bytes are in wire form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/status.h"

namespace sim::etcd {

// Keeps bytes where they are until it goes.
class ByteArena {
 public:
  std::string_view add(std::string_view bytes);
  // Room for at most `size` bytes, of which finish() keeps the first `used`; nothing is added in between.
  char* begin(std::size_t size);
  std::string_view finish(std::size_t used);

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t used_ = 0;  // of the last chunk
  std::size_t size_ = 0;
};

enum class HistoryCall : std::uint8_t { put, range, txn };
std::string_view to_text(HistoryCall call);

enum class HistoryEnd : std::uint8_t {
  answered,  // with a result
  failed,    // with an error
  open,      // nobody has heard of it again
};

struct HistoryOperation {
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  std::uint32_t client = 0;
  std::uint32_t number = 0;  // among the client's own
  std::uint32_t endpoint = 0;
  HistoryCall call = HistoryCall::put;
  HistoryEnd end = HistoryEnd::open;
  rpc::StatusCode code = rpc::StatusCode::ok;  // of a failed one
  std::int64_t start_ns = 0;
  std::int64_t end_ns = kNever;  // unless open
  std::string_view request;      // PutRequest, RangeRequest or TxnRequest
  std::string_view answer;       // the response; of a failed one the error's text
};

// What one revision did, as read from the store after the run.
struct LogRevision {
  std::int64_t revision = 0;
  std::vector<std::string_view> puts;     // mvccpb.KeyValue, by key
  std::vector<std::string_view> deletes;  // keys, in order
  std::int64_t key_count = -1;            // in the whole store afterwards; -1: not read
};

// The views point into the arena.
struct History {
  std::vector<std::string> endpoints;
  std::int64_t first_revision = 1;     // where the store stood before the first operation
  std::vector<std::string_view> base;  // mvccpb.KeyValue: what it held there, by key
  std::vector<HistoryOperation> operations;
  std::vector<LogRevision> log;  // from first_revision + 1 on
  ByteArena arena;
};

}  // namespace sim::etcd
