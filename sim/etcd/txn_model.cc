#include "sim/etcd/txn_model.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/assert.h"

namespace sim::etcd {

namespace {

using etcdserverpb::Compare;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;
using etcdserverpb::TxnResponse;

template <typename Value>
bool holds(Compare::CompareResult result, const Value& stored, const Value& operand) {
  switch (static_cast<int>(result)) {
    case Compare::EQUAL: return stored == operand;
    case Compare::NOT_EQUAL: return stored != operand;
    case Compare::LESS: return stored < operand;
    case Compare::GREATER: return stored > operand;
    default: return true;
  }
}

bool holds(const Compare& compare, const ModelKeyValue& kv) {
  switch (static_cast<int>(compare.target())) {
    case Compare::VERSION: return holds(compare.result(), kv.version, compare.version());
    case Compare::CREATE: return holds(compare.result(), kv.create_revision, compare.create_revision());
    case Compare::MOD: return holds(compare.result(), kv.mod_revision, compare.mod_revision());
    case Compare::VALUE: return holds(compare.result(), kv.value, compare.value());
    default: ASSERT(false && "the workload compares nothing else");
  }
  return false;
}

// Which way each transaction of the tree goes: decided before anything is done.
struct Path {
  bool succeeded = false;
  std::vector<Path> nested;  // one per operation of the branch taken; empty ones for those that are no transaction
};

class Evaluation {
 public:
  Evaluation(const Model& model, Model* writable, ModelPosition position)
      : model_(model), writable_(writable), position_(position) {}

  std::int64_t newest() const { return writable_ != nullptr ? model_.newest() : position_.revision; }

  Path choose(const TxnRequest& txn) const {
    Path path;
    path.succeeded = std::all_of(txn.compare().begin(), txn.compare().end(), [&](const Compare& one) { return is_true(one); });
    for (const RequestOp& operation : branch(txn, path)) {
      path.nested.push_back(operation.has_request_txn() ? choose(operation.request_txn()) : Path());
    }
    return path;
  }

  bool is_readable(const TxnRequest& txn, const Path& path) const {
    for (int i = 0; i < branch(txn, path).size(); ++i) {
      const RequestOp& operation = branch(txn, path).Get(i);
      if (operation.has_request_txn() && !is_readable(operation.request_txn(), path.nested[static_cast<std::size_t>(i)])) return false;
      if (!operation.has_request_range() || operation.request_range().revision() == 0) continue;
      const std::int64_t revision = operation.request_range().revision();
      if (revision > newest() || revision < position_.compacted) return false;
    }
    return true;
  }

  bool is_write(const TxnRequest& txn, const Path& path) const {
    for (int i = 0; i < branch(txn, path).size(); ++i) {
      const RequestOp& operation = branch(txn, path).Get(i);
      if (operation.has_request_put() || operation.has_request_delete_range()) return true;
      if (operation.has_request_txn() && is_write(operation.request_txn(), path.nested[static_cast<std::size_t>(i)])) return true;
    }
    return false;
  }

  void perform(const TxnRequest& txn, const Path& path, TxnResponse& out) {
    out.set_succeeded(path.succeeded);
    for (int i = 0; i < branch(txn, path).size(); ++i) {
      perform(branch(txn, path).Get(i), path.nested[static_cast<std::size_t>(i)], *out.add_responses());
    }
  }

 private:
  static const google::protobuf::RepeatedPtrField<RequestOp>& branch(const TxnRequest& txn, const Path& path) {
    return path.succeeded ? txn.success() : txn.failure();
  }

  bool is_true(const Compare& compare) const {
    const ModelRange there = model_.range(compare.key(), compare.range_end(), newest(), 0);
    if (there.kvs.empty()) return compare.target() != Compare::VALUE && holds(compare, ModelKeyValue());
    return std::all_of(there.kvs.begin(), there.kvs.end(), [&](const ModelKeyValue& kv) { return holds(compare, kv); });
  }

  void perform(const RequestOp& operation, const Path& path, etcdserverpb::ResponseOp& out) {
    if (operation.has_request_txn()) {
      out.mutable_response_txn()->mutable_header();
      return perform(operation.request_txn(), path, *out.mutable_response_txn());
    }
    if (operation.has_request_range()) return fill_range(model_, operation.request_range(), newest(), *out.mutable_response_range());
    ASSERT(writable_ != nullptr);
    if (operation.has_request_put()) return put(operation.request_put(), *out.mutable_response_put());
    erase(operation.request_delete_range(), *out.mutable_response_delete_range());
  }

  void put(const etcdserverpb::PutRequest& put, etcdserverpb::PutResponse& out) {
    const ModelRange before = model_.range(put.key(), "", newest(), 0);
    if (put.prev_kv() && !before.kvs.empty()) *out.mutable_prev_kv() = to_wire(before.kvs[0]);
    writable_->put(put.key(), put.value());
    out.mutable_header()->set_revision(newest());
  }

  void erase(const etcdserverpb::DeleteRangeRequest& erase, etcdserverpb::DeleteRangeResponse& out) {
    const ModelRange before = model_.range(erase.key(), erase.range_end(), newest(), 0);
    if (erase.prev_kv()) {
      for (const ModelKeyValue& kv : before.kvs) *out.add_prev_kvs() = to_wire(kv);
    }
    out.set_deleted(writable_->erase(erase.key(), erase.range_end()));
    out.mutable_header()->set_revision(newest());
  }

  const Model& model_;
  Model* const writable_;
  const ModelPosition position_;  // where it begins
};

std::optional<TxnResponse> answer(Evaluation& run, const TxnRequest& txn) {
  const Path path = run.choose(txn);
  if (!run.is_readable(txn, path)) return std::nullopt;
  TxnResponse response;
  run.perform(txn, path, response);
  response.mutable_header()->set_revision(run.newest());
  return response;
}

}  // namespace

void to_wire(const ModelKeyValue& kv, mvccpb::KeyValue& out) {
  out.set_key(kv.key);
  out.set_value(kv.value);
  out.set_create_revision(kv.create_revision);
  out.set_mod_revision(kv.mod_revision);
  out.set_version(kv.version);
}

mvccpb::KeyValue to_wire(const ModelKeyValue& kv) {
  mvccpb::KeyValue out;
  to_wire(kv, out);
  return out;
}

void fill_range(const Model& model, const etcdserverpb::RangeRequest& range, std::int64_t newest, etcdserverpb::RangeResponse& out) {
  const std::int64_t at = range.revision() > 0 ? range.revision() : newest;
  ASSERT(at <= model.newest());
  std::vector<const ModelKeyValue*> there;
  model.for_each(range.key(), range.range_end(), at, [&](const ModelKeyValue& kv) { there.push_back(&kv); });
  out.mutable_header()->set_revision(newest);
  out.set_count(static_cast<std::int64_t>(there.size()));
  if (range.count_only()) return;
  if (range.sort_order() == etcdserverpb::RangeRequest::DESCEND) std::reverse(there.begin(), there.end());
  for (const ModelKeyValue* const kv : there) {
    if (range.limit() > 0 && out.kvs_size() == range.limit()) {
      out.set_more(true);
      return;
    }
    mvccpb::KeyValue& shown = *out.add_kvs();
    to_wire(*kv, shown);
    if (range.keys_only()) shown.clear_value();
  }
}

std::optional<TxnResponse> run_txn(Model& model, const TxnRequest& txn) {
  model.begin();
  Evaluation run(model, &model, {model.revision(), model.compacted()});
  std::optional<TxnResponse> response = answer(run, txn);
  model.end();
  return response;
}

std::optional<TxnResponse> read_txn(const Model& model, const TxnRequest& txn, ModelPosition position) {
  Evaluation run(model, nullptr, position);
  return answer(run, txn);
}

bool writes_at(const Model& model, const TxnRequest& txn, std::int64_t revision) {
  const Evaluation run(model, nullptr, {revision, -1});
  return run.is_write(txn, run.choose(txn));
}

}  // namespace sim::etcd
