#include "sim/etcd/wire_request.h"

#include <algorithm>

#include "core/api/maintenance.pb.h"
#include "core/base/assert.h"
#include "core/etcd/config.h"
#include "core/etcd/ids.h"
#include "sim/etcd/addresses.h"

namespace sim::etcd {

namespace {

class Builder {
 public:
  Builder(std::uint32_t client, std::uint32_t number, const Model& model, std::int64_t shown, WireRequest& out)
      : client_(client), number_(number), model_(model), shown_(shown), out_(out) {}

  void fill(const KvOperation& operation, etcdserverpb::PutRequest& put) {
    put.set_key(operation.key);
    put.set_value(unique_value(client_, number_, parts_++, operation.value_bytes));
    put.set_prev_kv(operation.prev_kv);
    if (out_.first_value.empty()) out_.first_value = put.value();
    out_.is_write = true;
  }

  void fill(const KvOperation& operation, etcdserverpb::RangeRequest& range) {
    range.set_key(operation.key);
    range.set_range_end(operation.range_end);
    range.set_limit(operation.limit);
    range.set_serializable(operation.is_serializable);
    range.set_keys_only(operation.keys_only);
    range.set_count_only(operation.count_only);
    if (operation.is_descending) range.set_sort_order(etcdserverpb::RangeRequest::DESCEND);
    if (operation.back < 0) return;
    range.set_revision(back(operation.back));
    out_.revision = out_.revision == 0 ? range.revision() : std::min(out_.revision, range.revision());
  }

  void fill(const KvOperation& operation, etcdserverpb::HashKVRequest& hash) {
    if (operation.back < 0) return;
    hash.set_revision(back(operation.back));
    out_.revision = hash.revision();
  }

  void fill(const KvOperation& operation, etcdserverpb::MoveLeaderRequest& move) {
    move.set_targetid(::etcd::member_id({peer_url(operation.member)}, ::etcd::ServerConfig().initial_cluster_token).value());
  }

  void fill(const KvOperation& operation, etcdserverpb::DeleteRangeRequest& erase) {
    erase.set_key(operation.key);
    erase.set_range_end(operation.range_end);
    erase.set_prev_kv(operation.prev_kv);
    out_.is_write = true;
  }

  void fill(const KvOperation& operation, etcdserverpb::TxnRequest& txn) {
    for (const KvCompare& compare : operation.compares) fill(compare, *txn.add_compare());
    for (const KvOperation& one : operation.success) fill(one, *txn.add_success());
    for (const KvOperation& one : operation.failure) fill(one, *txn.add_failure());
  }

  void fill(const KvOperation& operation, etcdserverpb::CompactionRequest& compaction) {
    compaction.set_revision(back(operation.back));
    compaction.set_physical(operation.is_physical);
    out_.revision = compaction.revision();
    out_.is_write = true;
  }

 private:
  std::int64_t back(std::int64_t by) const { return std::max<std::int64_t>(1, shown_ - by); }

  void fill(const KvOperation& operation, etcdserverpb::RequestOp& out) {
    switch (operation.kind) {
      case OperationKind::put: return fill(operation, *out.mutable_request_put());
      case OperationKind::get: return fill(operation, *out.mutable_request_range());
      case OperationKind::erase: return fill(operation, *out.mutable_request_delete_range());
      case OperationKind::txn:
        out_.is_write = true;  // a nested one is never read-only to etcd
        return fill(operation, *out.mutable_request_txn());
      case OperationKind::compact:
      case OperationKind::stream:
      case OperationKind::move:
      case OperationKind::hash: ASSERT(false && "not an operation of a transaction");
    }
  }

  void fill(const KvCompare& compare, etcdserverpb::Compare& out) {
    static_assert(static_cast<int>(CompareRelation::equal) == 0 && static_cast<int>(CompareRelation::not_equal) == 1);
    constexpr etcdserverpb::Compare::CompareResult kResults[] = {etcdserverpb::Compare::EQUAL, etcdserverpb::Compare::NOT_EQUAL,
                                                                 etcdserverpb::Compare::LESS, etcdserverpb::Compare::GREATER};
    out.set_key(compare.key);
    out.set_range_end(compare.range_end);
    out.set_result(kResults[static_cast<std::size_t>(compare.relation)]);
    ModelKeyValue seen;
    if (compare.number < 0) {
      const ModelRange there = model_.range(compare.key, "", std::max<std::int64_t>(1, shown_), 1);
      if (!there.kvs.empty()) seen = there.kvs[0];
    }
    const auto operand = [&](std::int64_t as_seen) { return compare.number < 0 ? as_seen : compare.number; };
    switch (compare.target) {
      case CompareTarget::version:
        out.set_target(etcdserverpb::Compare::VERSION);
        return out.set_version(operand(seen.version));
      case CompareTarget::create:
        out.set_target(etcdserverpb::Compare::CREATE);
        return out.set_create_revision(operand(seen.create_revision));
      case CompareTarget::mod:
        out.set_target(etcdserverpb::Compare::MOD);
        return out.set_mod_revision(operand(seen.mod_revision));
      case CompareTarget::value:
        out.set_target(etcdserverpb::Compare::VALUE);
        return out.set_value(seen.value);
    }
  }

  const std::uint32_t client_;
  const std::uint32_t number_;
  const Model& model_;
  const std::int64_t shown_;
  WireRequest& out_;
  std::uint32_t parts_ = 0;
};

}  // namespace

WireRequest make_request(std::uint32_t client, std::uint32_t number, const KvOperation& operation, const Model& model,
                         std::int64_t shown) {
  WireRequest out;
  Builder builder(client, number, model, shown, out);
  const auto make = [&](std::string_view path, auto message) {
    builder.fill(operation, message);
    out.path = path;
    out.bytes = message.SerializeAsString();
  };
  switch (operation.kind) {
    case OperationKind::put: make("/etcdserverpb.KV/Put", etcdserverpb::PutRequest()); break;
    case OperationKind::get: make("/etcdserverpb.KV/Range", etcdserverpb::RangeRequest()); break;
    case OperationKind::erase: make("/etcdserverpb.KV/DeleteRange", etcdserverpb::DeleteRangeRequest()); break;
    case OperationKind::txn: make("/etcdserverpb.KV/Txn", etcdserverpb::TxnRequest()); break;
    case OperationKind::compact: make("/etcdserverpb.KV/Compact", etcdserverpb::CompactionRequest()); break;
    case OperationKind::hash: make("/etcdserverpb.Maintenance/HashKV", etcdserverpb::HashKVRequest()); break;
    case OperationKind::move: make("/etcdserverpb.Maintenance/MoveLeader", etcdserverpb::MoveLeaderRequest()); break;
    case OperationKind::stream:
      make("/etcdserverpb.KV/RangeStream", etcdserverpb::RangeRequest());
      out.is_stream = true;
      break;
  }
  return out;
}

std::string first_value(const etcdserverpb::TxnRequest& txn) {
  for (const auto* branch : {&txn.success(), &txn.failure()}) {
    for (const etcdserverpb::RequestOp& operation : *branch) {
      if (operation.has_request_put()) return operation.request_put().value();
      if (!operation.has_request_txn()) continue;
      const std::string nested = first_value(operation.request_txn());
      if (!nested.empty()) return nested;
    }
  }
  return {};
}

}  // namespace sim::etcd
