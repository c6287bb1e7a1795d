#include "sim/etcd/foreign_request.h"

#include <algorithm>
#include <utility>

#include "core/api/kv.pb.h"

namespace sim::etcd {

namespace {

class Reader {
 public:
  explicit Reader(ForeignRequest& out) : out_(out) {}

  bool read(const etcdserverpb::PutRequest& put, KvOperation& operation) {
    operation.kind = OperationKind::put;
    operation.key = put.key();
    operation.value_bytes = put.value().size();
    operation.prev_kv = put.prev_kv();
    out_.wire.is_write = true;
    return put.lease() == 0 && !put.ignore_value() && !put.ignore_lease();
  }

  bool read(const etcdserverpb::RangeRequest& range, KvOperation& operation) {
    operation.kind = OperationKind::get;
    operation.key = range.key();
    operation.range_end = range.range_end();
    operation.limit = range.limit();
    operation.is_serializable = range.serializable();
    operation.keys_only = range.keys_only();
    operation.count_only = range.count_only();
    operation.is_descending = range.sort_order() == etcdserverpb::RangeRequest::DESCEND;
    if (range.revision() > 0) out_.wire.revision = out_.wire.revision == 0 ? range.revision() : std::min(out_.wire.revision, range.revision());
    const bool is_bounded = range.min_mod_revision() != 0 || range.max_mod_revision() != 0 || range.min_create_revision() != 0 ||
                            range.max_create_revision() != 0;
    if (range.sort_target() != etcdserverpb::RangeRequest::KEY || is_bounded) out_.is_judged = false;
    return true;
  }

  bool read(const etcdserverpb::DeleteRangeRequest& erase, KvOperation& operation) {
    operation.kind = OperationKind::erase;
    operation.key = erase.key();
    operation.range_end = erase.range_end();
    operation.prev_kv = erase.prev_kv();
    out_.wire.is_write = true;
    return true;
  }

  bool read(const etcdserverpb::TxnRequest& txn, KvOperation& operation) {
    operation.kind = OperationKind::txn;
    const bool is_known = std::all_of(txn.compare().begin(), txn.compare().end(), [](const etcdserverpb::Compare& one) {
      return one.target() != etcdserverpb::Compare::LEASE && etcdserverpb::Compare::CompareTarget_IsValid(one.target());
    });
    return is_known && read(txn.success(), operation.success) && read(txn.failure(), operation.failure);
  }

  bool read(const etcdserverpb::CompactionRequest& compaction, KvOperation& operation) {
    operation.kind = OperationKind::compact;
    operation.is_physical = compaction.physical();
    out_.wire.revision = compaction.revision();
    out_.wire.is_write = true;
    return true;
  }

 private:
  template <typename Branch>
  bool read(const Branch& branch, std::vector<KvOperation>& operations) {
    return std::all_of(branch.begin(), branch.end(), [&](const etcdserverpb::RequestOp& one) { return read(one, operations.emplace_back()); });
  }

  bool read(const etcdserverpb::RequestOp& one, KvOperation& operation) {
    switch (one.request_case()) {
      case etcdserverpb::RequestOp::kRequestPut: return read(one.request_put(), operation);
      case etcdserverpb::RequestOp::kRequestRange: return read(one.request_range(), operation);
      case etcdserverpb::RequestOp::kRequestDeleteRange: return read(one.request_delete_range(), operation);
      case etcdserverpb::RequestOp::kRequestTxn:
        out_.wire.is_write = true;  // a nested one is never read-only to etcd
        return read(one.request_txn(), operation);
      case etcdserverpb::RequestOp::REQUEST_NOT_SET: break;
    }
    return false;
  }

  ForeignRequest& out_;
};

}  // namespace

base::Result<ForeignRequest> read_foreign(std::string_view path, std::string_view bytes) {
  ForeignRequest out;
  out.wire.bytes = bytes;
  const auto reads = [&](std::string_view known, auto message) {
    if (path != known || !message.ParseFromString(out.wire.bytes)) return false;
    out.wire.path = known;
    return Reader(out).read(message, out.operation);
  };
  if (reads("/etcdserverpb.KV/Put", etcdserverpb::PutRequest()) || reads("/etcdserverpb.KV/Range", etcdserverpb::RangeRequest()) ||
      reads("/etcdserverpb.KV/DeleteRange", etcdserverpb::DeleteRangeRequest()) || reads("/etcdserverpb.KV/Txn", etcdserverpb::TxnRequest()) ||
      reads("/etcdserverpb.KV/Compact", etcdserverpb::CompactionRequest())) {
    return out;
  }
  return base::fail(base::Code::invalid, "the simulator's model does not know what " + std::string(path) + " does with this request");
}

}  // namespace sim::etcd
