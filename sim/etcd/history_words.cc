#include "sim/etcd/history_words.h"

#include <algorithm>

#include "core/api/kv.pb.h"
#include "core/base/text.h"
#include "sim/etcd/request_text.h"

namespace sim::etcd {

namespace {

constexpr std::size_t kTextBytes = 400;

template <typename Message>
std::string shown_request(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return "a request that cannot be read";
  std::string text = to_text(message);
  if (text.size() > kTextBytes) text = text.substr(0, kTextBytes) + "…";
  return text;
}

std::string request_text(const HistoryOperation& operation) {
  switch (operation.call) {
    case HistoryCall::put: return shown_request<etcdserverpb::PutRequest>(operation.request);
    case HistoryCall::range: return shown_request<etcdserverpb::RangeRequest>(operation.request);
    case HistoryCall::txn: return shown_request<etcdserverpb::TxnRequest>(operation.request);
  }
  return "?";
}

// 1.000042 s: without floating point, so that no digit is made up.
std::string seconds(std::int64_t ns) {
  const std::string digits = std::to_string(1'000'000 + ns / 1000 % 1'000'000);
  return std::to_string(ns / 1'000'000'000) + "." + digits.substr(1) + " s";
}

}  // namespace

HistoryWords::HistoryWords(const History& history) : history_(history) {
  const auto first = std::min_element(history.operations.begin(), history.operations.end(),
                                      [](const HistoryOperation& a, const HistoryOperation& b) { return a.start_ns < b.start_ns; });
  if (first != history.operations.end()) begin_ns_ = first->start_ns;
}

std::string HistoryWords::of(OperationIndex index) const {
  const HistoryOperation& operation = history_.operations[index];
  std::string out = "client " + std::to_string(operation.client) + "'s operation " + std::to_string(operation.number) + " (" +
                    request_text(operation) + "; sent to " + history_.endpoints[operation.endpoint] + " at " +
                    seconds(operation.start_ns - begin_ns_) + ", ";
  switch (operation.end) {
    case HistoryEnd::answered: return out + "acknowledged at " + seconds(operation.end_ns - begin_ns_) + ")";
    case HistoryEnd::open: return out + "never answered)";
    case HistoryEnd::failed: break;
  }
  return out + "failed at " + seconds(operation.end_ns - begin_ns_) + " with " +
         base::escaped(rpc::to_text({operation.code, std::string(operation.answer)})) + ")";
}

}  // namespace sim::etcd
