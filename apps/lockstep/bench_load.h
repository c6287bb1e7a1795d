// apps/lockstep/bench_load.h: what the operations of a load are, and what their answers say.
//
// Operation number N of a load is the same whichever server it goes to, and whichever client sends it; only a transaction
// depends on what was answered before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/lockstep/bench_options.h"
#include "core/api/kv.pb.h"

namespace lockstep {

enum class OperationKind : std::uint8_t { put, range, txn };

struct Operation {
  OperationKind kind = OperationKind::put;
  std::uint64_t key = 0;  // its number, below LoadOptions::key_space
};

// What answers held besides their status.
struct AnswerCounts {
  std::uint64_t found_nothing = 0;  // ranges of a key that is not there
  std::uint64_t other_branch = 0;   // transactions whose condition did not hold
  std::uint64_t malformed = 0;      // bytes that are no answer of this call
};

class Load {
 public:
  explicit Load(const LoadOptions& options);

  Operation operation(std::uint64_t number) const;
  // Writes the key of that number, in the way of this load: a transaction also learns what is there.
  Operation fill_operation(std::uint64_t number) const;
  // The path of the call, and the request, which is valid until the next call.
  static std::string_view path(OperationKind kind);
  std::string_view encode(const Operation& operation, std::uint64_t number);
  void on_answer(const Operation& operation, std::string_view answer);

  std::string key(std::uint64_t number) const;
  const AnswerCounts& counts() const { return counts_; }
  void clear_counts() { counts_ = {}; }

 private:
  std::string_view value(std::uint64_t number) const;

  const LoadOptions options_;
  std::string values_;  // every value is a piece of it
  std::vector<std::int64_t> known_;  // of txn: the mod revision of each key as last seen; 0: not there
  AnswerCounts counts_;
  etcdserverpb::PutRequest put_;
  etcdserverpb::RangeRequest range_;
  etcdserverpb::TxnRequest txn_;
  etcdserverpb::RangeResponse range_answer_;
  etcdserverpb::TxnResponse txn_answer_;
  std::string request_;
};

}  // namespace lockstep
