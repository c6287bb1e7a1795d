#include "core/etcd/txn_validation.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/assert.h"
#include "core/etcd/validation.h"
#include "storage/mvcc/key_range.h"

namespace etcd {

using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;

namespace {

using Operations = google::protobuf::RepeatedPtrField<RequestOp>;

// --- the tree ---------------------------------------------------------------------------------------

std::optional<ErrorId> check_tree(const TxnRequest& request, std::uint64_t budget);

std::optional<ErrorId> check_operation(const RequestOp& operation, std::uint64_t budget) {
  switch (operation.request_case()) {
    case RequestOp::kRequestRange: return validate(operation.request_range());
    case RequestOp::kRequestPut: return validate(operation.request_put());
    case RequestOp::kRequestDeleteRange: return validate(operation.request_delete_range());
    case RequestOp::kRequestTxn: return check_tree(operation.request_txn(), budget);
    case RequestOp::REQUEST_NOT_SET: return ErrorId::key_not_found;
  }
  ASSERT(false && "a oneof holds one of its fields");
  return std::nullopt;
}

// The longest list counts, and a nested transaction gets what its parent leaves.
std::optional<ErrorId> check_tree(const TxnRequest& request, std::uint64_t budget) {
  const auto count = static_cast<std::uint64_t>(
      std::max({request.compare_size(), request.success_size(), request.failure_size()}));
  if (count > budget) return ErrorId::too_many_ops;
  for (const etcdserverpb::Compare& compare : request.compare()) {
    if (compare.key().empty()) return ErrorId::empty_key;
  }
  for (const Operations* branch : {&request.success(), &request.failure()}) {
    for (const RequestOp& operation : *branch) {
      if (const auto refused = check_operation(operation, budget - count)) return refused;
    }
  }
  return std::nullopt;
}

// --- collisions -------------------------------------------------------------------------------------

// Keys that deletes cover. Only ever asked about single keys, so ranges that meet are joined.
class DeletedKeys {
 public:
  void add(const mvcc::KeyRange& range) {
    if (range.is_single()) {
      points_.insert(range.key);
    } else if (range.key < range.end) {  // etcd takes an open end for the key "\0": inverted, it covers nothing
      add_interval(range.key, range.end);
    }
  }
  void add(const DeletedKeys& other) {
    points_.insert(other.points_.begin(), other.points_.end());
    for (const auto& interval : other.intervals_) add_interval(interval.first, interval.second);
  }
  bool covers(std::string_view key) const {
    if (points_.count(key) != 0) return true;
    const auto after = intervals_.upper_bound(key);
    return after != intervals_.begin() && key < std::prev(after)->second;
  }

 private:
  void add_interval(std::string_view begin, std::string_view end) {
    auto it = intervals_.upper_bound(begin);
    if (it != intervals_.begin() && std::prev(it)->second >= begin) {
      --it;
      begin = it->first;
    }
    while (it != intervals_.end() && it->first <= end) {
      end = std::max(end, it->second);
      it = intervals_.erase(it);
    }
    intervals_.emplace_hint(it, begin, end);
  }

  std::set<std::string_view> points_;
  std::map<std::string_view, std::string_view> intervals_;  // [begin, end), apart from each other
};

// What one branch may touch, with everything below it.
struct Touched {
  std::set<std::string_view> puts;
  DeletedKeys deleted;
};

std::optional<ErrorId> collect(const Operations& branch, Touched& touched);

// Puts of a nested transaction against those of its elder siblings, and against deletes of this level and of
// elder siblings. Its own deletes join only afterwards, so that put-then-delete passes where
// delete-then-put does not: etcd does so.
std::optional<ErrorId> collect_nested(const TxnRequest& nested, Touched& touched) {
  Touched then_branch;
  Touched else_branch;
  if (const auto refused = collect(nested.success(), then_branch)) return refused;
  if (const auto refused = collect(nested.failure(), else_branch)) return refused;
  for (const std::string_view key : then_branch.puts) {
    if (!touched.puts.insert(key).second || touched.deleted.covers(key)) return ErrorId::duplicate_key;
  }
  for (const std::string_view key : else_branch.puts) {
    // The two branches exclude each other.
    const bool is_new = touched.puts.insert(key).second || then_branch.puts.count(key) != 0;
    if (!is_new || touched.deleted.covers(key)) return ErrorId::duplicate_key;
  }
  touched.deleted.add(then_branch.deleted);
  touched.deleted.add(else_branch.deleted);
  return std::nullopt;
}

std::optional<ErrorId> collect(const Operations& branch, Touched& touched) {
  for (const RequestOp& operation : branch) {
    if (!operation.has_request_delete_range()) continue;
    const auto& request = operation.request_delete_range();
    touched.deleted.add(mvcc::KeyRange{request.key(), request.range_end()});
  }
  for (const RequestOp& operation : branch) {
    if (!operation.has_request_txn()) continue;
    if (const auto refused = collect_nested(operation.request_txn(), touched)) return refused;
  }
  for (const RequestOp& operation : branch) {
    if (!operation.has_request_put()) continue;
    const std::string_view key = operation.request_put().key();
    if (!touched.puts.insert(key).second || touched.deleted.covers(key)) return ErrorId::duplicate_key;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ErrorId> validate(const TxnRequest& request, std::uint64_t txn_ops_max) {
  if (const auto refused = check_tree(request, txn_ops_max)) return refused;
  for (const Operations* branch : {&request.success(), &request.failure()}) {
    Touched touched;
    if (const auto refused = collect(*branch, touched)) return refused;
  }
  return std::nullopt;
}

}  // namespace etcd
