// sim/etcd/kv_oracle.h: strict serializability of the key-value service, by revision.
//
// Every write that took effect stands in the committed log, which the model replays; an answer names its
// revision, so there is nothing to search for. An answer is right when
//   - a write's revision is the one at which the model has exactly that write, and it lies above every
//     revision that was revealed before the request was sent (real time);
//   - a read says what the model says at the revision that it names, and that revision is not below any that
//     was revealed before the request was sent, unless the read asked for possibly stale data;
//   - nothing was ever written that no client asked for, and nothing twice.
// A request without an answer may have taken effect or not: the log tells.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/rpc/status.h"
#include "sim/committed_log.h"
#include "sim/etcd/model.h"
#include "sim/etcd/operation.h"
#include "sim/verdict.h"

namespace sim::etcd {

// One request of one client, from sending to answer.
struct Request {
  std::uint32_t client = 0;
  std::uint32_t number = 0;
  KvOperation operation;
  std::int64_t asked_revision = 0;  // of a read at a revision
  std::int64_t floor = 0;           // the highest revision revealed to anyone before it was sent
};

struct KvCounts {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;  // answered with a result, and checked
  std::uint64_t refused = 0;       // certainly without effect
  std::uint64_t unknown = 0;       // no answer, or one that leaves the outcome open
  std::uint64_t resolved = 0;      // of those, later found in the log
};

class KvOracle final : public CommittedListener {
 public:
  static constexpr std::string_view kName = "serializability";
  explicit KvOracle(Findings& findings) : findings_(findings) {}

  void on_committed(const base::Entry& entry) override;

  Request send(std::uint32_t client, std::uint32_t number, const KvOperation& operation, std::int64_t asked_revision);
  void on_answer(const Request& request, std::string_view response);  // the serialized response
  void on_error(const Request& request, const rpc::Status& status);

  const KvCounts& counts() const { return counts_; }
  std::int64_t revealed_revision() const { return revealed_; }
  const Model& model() const { return model_; }

 private:
  enum class WriteFate : std::uint8_t { open, unknown, refused, committed };
  struct Write {
    WriteFate fate = WriteFate::open;
    std::int64_t revision = 0;  // once committed
  };

  void on_put(const Request& request, std::string_view response);
  void on_range(const Request& request, std::string_view response);
  void on_erase(const Request& request, std::string_view response);
  bool reveal(const Request& request, std::int64_t revision);
  void accuse(const Request& request, const std::string& what);

  Findings& findings_;
  Model model_;
  KvCounts counts_;
  std::int64_t revealed_ = 1;
  std::map<std::string, Write> puts_;                  // by unique value
  std::map<std::int64_t, std::int64_t> erased_count_;  // by revision
};

}  // namespace sim::etcd
