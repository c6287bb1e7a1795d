#include "sim/etcd/history_generator.h"

#include <algorithm>
#include <string>

#include "core/api/kv.pb.h"
#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/etcd/parse.h"
#include "sim/etcd/model.h"
#include "sim/etcd/txn_model.h"

namespace sim::etcd {

namespace {

constexpr std::int64_t kStepNs = 1000;  // between the moments at which two operations take effect

// What this program has written itself.
template <typename Message>
void parse_own(Message& message, std::string_view bytes) {
  const bool is_read = ::etcd::parse(message, bytes);
  ASSERT(is_read);
}

class Generator {
 public:
  explicit Generator(const GeneratorOptions& options) : options_(options), load_(options.load), seen_(options.clients, SeenKeys(options.load)) {
    history_.endpoints = {"generated"};
    history_.operations.reserve(options.operations);
  }

  History generate() {
    for (std::uint32_t i = 0; i < options_.operations; ++i) add(i);
    // As a recorder writes them: when they end.
    std::sort(history_.operations.begin(), history_.operations.end(), [](const HistoryOperation& a, const HistoryOperation& b) {
      return a.end_ns != b.end_ns ? a.end_ns < b.end_ns : a.start_ns < b.start_ns;
    });
    return std::move(history_);
  }

 private:
  std::uint64_t below(std::string_view purpose, std::uint32_t operation, std::uint64_t bound) const {
    return base::hash64(purpose, base::mix64(options_.load.seed, operation)) % bound;
  }

  // Operation i takes effect at its own moment, and lasts long enough to overlap those of all other clients.
  void add(std::uint32_t i) {
    const std::int64_t reach = kStepNs * options_.clients / 2;
    const std::int64_t at = kStepNs * (i + 1) + reach;
    HistoryOperation operation;
    operation.client = i % options_.clients;
    operation.number = i / options_.clients;
    operation.start_ns = at - 1 - static_cast<std::int64_t>(below("before", i, static_cast<std::uint64_t>(reach - 1)));
    operation.end_ns = at + 1 + static_cast<std::int64_t>(below("after", i, static_cast<std::uint64_t>(reach - 1)));
    SeenKeys& seen = seen_[operation.client];
    const LoadRequest request = load_.draw(operation.client, operation.number, seen, 1, model_.revision());
    operation.call = request.call;
    operation.request = history_.arena.add(request.bytes);
    operation.end = HistoryEnd::answered;
    const bool is_unknown = below("unknown", i, 1000) < options_.unknown_per_thousand;
    if (!is_unknown || below("lost", i, 2) == 0) operation.answer = history_.arena.add(perform(operation, i));
    if (is_unknown) {
      operation.end = HistoryEnd::failed;
      operation.code = rpc::StatusCode::unavailable;
      operation.answer = "etcdserver: request timed out";
    } else {
      seen.learn(operation.call, operation.request, operation.answer);
    }
    history_.operations.push_back(operation);
  }

  // The answer.
  std::string perform(const HistoryOperation& operation, std::uint32_t i) {
    const std::int64_t before = model_.revision();
    std::string answer;
    switch (operation.call) {
      case HistoryCall::put: answer = put(operation); break;
      case HistoryCall::range: return range(operation, i);
      case HistoryCall::txn: {
        etcdserverpb::TxnRequest txn;
        parse_own(txn, operation.request);
        answer = run_txn(model_, txn)->SerializeAsString();
        break;
      }
    }
    if (model_.revision() != before) log();
    return answer;
  }

  std::string put(const HistoryOperation& operation) {
    etcdserverpb::PutRequest put;
    parse_own(put, operation.request);
    etcdserverpb::PutResponse out;
    const ModelKeyValue* const before = model_.find(put.key(), model_.revision());
    if (put.prev_kv() && before != nullptr) *out.mutable_prev_kv() = to_wire(*before);
    model_.put(put.key(), put.value());
    out.mutable_header()->set_revision(model_.revision());
    return out.SerializeAsString();
  }

  std::string range(const HistoryOperation& operation, std::uint32_t i) {
    etcdserverpb::RangeRequest range;
    parse_own(range, operation.request);
    std::int64_t at = model_.revision();
    if (range.serializable()) at = std::max(range.revision(), std::max<std::int64_t>(1, at - static_cast<std::int64_t>(below("stale", i, 20))));
    etcdserverpb::RangeResponse out;
    fill_range(model_, range, at, out);
    return out.SerializeAsString();
  }

  void log() {
    LogRevision out;
    out.revision = model_.revision();
    std::vector<std::string_view> keys = model_.changed_keys();
    std::sort(keys.begin(), keys.end());
    for (const std::string_view key : keys) {
      const ModelKeyValue* const kv = model_.find(key, out.revision);
      const bool was_there = model_.find(key, out.revision - 1) != nullptr;
      key_count_ += (kv != nullptr ? 1 : 0) - (was_there ? 1 : 0);
      if (kv != nullptr) out.puts.push_back(history_.arena.add(to_wire(*kv).SerializeAsString()));
      else out.deletes.push_back(history_.arena.add(key));
    }
    out.key_count = key_count_;
    history_.log.push_back(std::move(out));
  }

  const GeneratorOptions options_;
  const HistoryLoad load_;
  std::vector<SeenKeys> seen_;
  Model model_;
  std::int64_t key_count_ = 0;
  History history_;
};

}  // namespace

History generate_history(const GeneratorOptions& options) {
  ASSERT(options.clients >= 4);
  return Generator(options).generate();
}

}  // namespace sim::etcd
