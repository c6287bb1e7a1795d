#include "sim/etcd/request_text.h"

#include <string_view>

#include "core/base/text.h"

namespace sim::etcd {

namespace {

constexpr std::size_t kRequestShownBytes = 24;  // of a value

std::string quoted(const std::string& value) {
  std::string out = "\"";
  out += base::escaped(value.substr(0, kRequestShownBytes));
  return out + (value.size() > kRequestShownBytes ? "…\"" : "\"");
}

std::string range_text(const std::string& key, const std::string& range_end) {
  const std::string shown = base::escaped(key);
  if (range_end.empty()) return shown;
  if (key.size() == 1 && key[0] == '\0' && key == range_end) return "everything";
  return shown + ".." + (range_end == std::string_view("\0", 1) ? std::string() : base::escaped(range_end));
}

std::string compare_text(const etcdserverpb::Compare& compare) {
  std::string out = range_text(compare.key(), compare.range_end());
  constexpr std::string_view kResults[] = {" = ", " > ", " < ", " != "};
  const auto result = static_cast<std::size_t>(compare.result());
  const std::string_view relation = result < 4 ? kResults[result] : " ? ";
  switch (static_cast<int>(compare.target())) {
    case etcdserverpb::Compare::VERSION: return out.append(" version").append(relation) + std::to_string(compare.version());
    case etcdserverpb::Compare::CREATE: return out.append(" create").append(relation) + std::to_string(compare.create_revision());
    case etcdserverpb::Compare::MOD: return out.append(" mod").append(relation) + std::to_string(compare.mod_revision());
    case etcdserverpb::Compare::VALUE: return out.append(" value").append(relation) + quoted(compare.value());
    default: return out.append(" ?");
  }
}

std::string operation_text(const etcdserverpb::RequestOp& operation) {
  switch (operation.request_case()) {
    case etcdserverpb::RequestOp::kRequestRange: return to_text(operation.request_range());
    case etcdserverpb::RequestOp::kRequestPut: return to_text(operation.request_put());
    case etcdserverpb::RequestOp::kRequestTxn: return to_text(operation.request_txn());
    case etcdserverpb::RequestOp::kRequestDeleteRange:
      return "delete " + range_text(operation.request_delete_range().key(), operation.request_delete_range().range_end());
    case etcdserverpb::RequestOp::REQUEST_NOT_SET: break;
  }
  return "nothing";
}

template <typename Items, typename Text>
std::string list_text(const Items& items, std::string_view separator, Text text) {
  std::string out;
  for (int i = 0; i < items.size(); ++i) {
    if (i > 0) out += separator;
    out += text(items.Get(i));
  }
  return out;
}

}  // namespace

std::string to_text(const etcdserverpb::PutRequest& put) { return "put " + base::escaped(put.key()) + " " + quoted(put.value()); }

std::string to_text(const etcdserverpb::RangeRequest& range) {
  std::string out = "get " + range_text(range.key(), range.range_end());
  if (range.revision() != 0) out += " at revision " + std::to_string(range.revision());
  if (range.limit() != 0) out += " limit " + std::to_string(range.limit());
  if (range.sort_order() == etcdserverpb::RangeRequest::DESCEND) out += " descending";
  if (range.keys_only()) out += " keys only";
  if (range.count_only()) out += " count only";
  if (range.serializable()) out += " serializable";
  return out;
}

std::string to_text(const etcdserverpb::TxnRequest& txn) {
  std::string out = "txn";
  if (txn.compare_size() > 0) out += " if " + list_text(txn.compare(), " and ", compare_text);
  out += " then [ " + list_text(txn.success(), "; ", operation_text) + " ]";
  if (txn.failure_size() > 0) out += " else [ " + list_text(txn.failure(), "; ", operation_text) + " ]";
  return out;
}

}  // namespace sim::etcd
