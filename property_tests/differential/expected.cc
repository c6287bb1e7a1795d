#include "property_tests/differential/expected.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "property_tests/differential/build.h"
#include "property_tests/differential/shapes.h"
#include "property_tests/differential/texts.h"

namespace property_tests::differential {

using etcdserverpb::Compare;
using etcdserverpb::PutRequest;
using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;

const ExpectedDifference kRangeStream = {"RangeStream",
                                           "new in 3.7; the parts together are compared with etcd's Range in key order", Kind::range_stream};
const ExpectedDifference kRangeStreamSort = {"RangeStream with a sort order", "refused by 3.7; etcd's Range serves it", Kind::range_stream};
const ExpectedDifference kRangeStreamFilters = {"RangeStream with revision bounds",
                                                  "refused by 3.7; etcd's Range serves it", Kind::range_stream};
const ExpectedDifference kUnknownSortOption = {
    "unknown sort order or target",
    "refused since 3.6; 3.4 sorts somehow, or crashes. It is sent an empty key instead, which is refused at the same place", Kind::range};
const ExpectedDifference kClientApiVersion = {"client-api-version that is no UTF-8",
                                                "refused since 3.6; 3.4 does not look at it", Kind::raw};
const ExpectedDifference kLeaseBeforeKey = {"a txn's put with ignore_value and a lease",
                                            "to 3.6 a missing key is told first, since 3.7 a missing lease", Kind::txn};
const ExpectedDifference kPutsBeforeRanges = {"a txn with a put and a range to refuse",
                                              "3.4 checks all puts and then all ranges, later releases in the order of the list",
                                              Kind::txn};
const ExpectedDifference kKeepsWhatIsDeleted = {
    "a put that keeps what its txn has deleted",
    "ends every etcd; ours finds no such key, and etcd is asked for one that never was", Kind::txn};
const ExpectedDifference kHashRevision = {"hash_revision of HashKV", "new in 3.6", Kind::hash_kv};
const ExpectedDifference kHashAtCompacted = {"HashKV of the compacted revision", "Compacted to 3.4, readable since 3.5", Kind::hash_kv};

namespace {

bool has_unknown_sort(const RangeRequest& range) {
  return !RangeRequest::SortOrder_IsValid(range.sort_order()) || !RangeRequest::SortTarget_IsValid(range.sort_target());
}

// Anywhere in the tree?
template <typename Predicate>
bool any_op(const TxnRequest& txn, const Predicate& predicate) {
  for (const auto* branch : {&txn.success(), &txn.failure()}) {
    for (const RequestOp& each : *branch) {
      if (predicate(each) || (each.has_request_txn() && any_op(each.request_txn(), predicate))) return true;
    }
  }
  return false;
}

bool any_unknown_sort(const TxnRequest& txn) {
  return any_op(txn, [](const RequestOp& each) { return each.has_request_range() && has_unknown_sort(each.request_range()); });
}

void replace_unknown_sort(RangeRequest& range) {
  if (!has_unknown_sort(range)) return;
  range.Clear();
}

void replace_unknown_sort(TxnRequest& txn) {
  for (auto* branch : {txn.mutable_success(), txn.mutable_failure()}) {
    for (RequestOp& each : *branch) {
      if (each.has_request_range()) replace_unknown_sort(*each.mutable_request_range());
      if (each.has_request_txn()) replace_unknown_sort(*each.mutable_request_txn());
    }
  }
}

// Walks the tree in order; `deletes` are the first keys of the open-ended deletes that may have run. Whether both are
// on the path that is taken is not known, so it may say yes too often.
bool keeps_any_of(std::vector<std::string>& deletes, const TxnRequest& txn) {
  for (const auto* branch : {&txn.success(), &txn.failure()}) {
    for (const RequestOp& each : *branch) {
      const etcdserverpb::DeleteRangeRequest& erase = each.request_delete_range();
      if (each.has_request_delete_range() && erase.range_end() == kOpenEnd) deletes.push_back(erase.key());
      if (each.has_request_txn() && keeps_any_of(deletes, each.request_txn())) return true;
      const PutRequest& put = each.request_put();
      if (!each.has_request_put() || !(put.ignore_value() || put.ignore_lease())) continue;
      if (std::any_of(deletes.begin(), deletes.end(), [&](const std::string& from) { return put.key() >= from; })) return true;
    }
  }
  return false;
}

void replace_kept_keys(TxnRequest& txn) {
  for (RequestOp& each : *txn.mutable_success()) {
    if (each.has_request_put()) each.mutable_request_put()->set_key(kMissingKey);
  }
}

bool is(const Answer& answer, rpc::StatusCode code, std::string_view text) {
  return answer.status.code == code && answer.status.message == text;
}

bool is_missing_revision(const Answer& answer) { return answer.status.code == rpc::StatusCode::out_of_range; }

bool has_empty_key(const TxnRequest& txn) {
  const auto is_empty = [](const Compare& compare) { return compare.key().empty(); };
  return std::any_of(txn.compare().begin(), txn.compare().end(), is_empty) || any_op(txn, [&](const RequestOp& each) {
           return (each.has_request_range() && each.request_range().key().empty()) ||
                  (each.has_request_put() && each.request_put().key().empty()) ||
                  (each.has_request_delete_range() && each.request_delete_range().key().empty()) ||
                  (each.has_request_txn() && has_empty_key(each.request_txn()));
         });
}

// The other was asked something else, and that shows in these answers: equal ones are no agreement.
bool needs_stand_in(const Request& request, const Answers& answers) {
  if (request.kind == Kind::range_stream || !request.metadata.empty()) return true;
  if (const auto* range = std::get_if<RangeRequest>(&request.body)) return has_unknown_sort(*range);
  const auto* txn = std::get_if<TxnRequest>(&request.body);
  if (txn == nullptr) return false;
  if (keeps_what_it_deletes(*txn)) return true;
  return any_unknown_sort(*txn) && is(answers.theirs, rpc::StatusCode::invalid_argument, kEmptyKey) && !has_empty_key(*txn);
}

const ExpectedDifference* in_txn(const TxnRequest& txn, const Answers& answers) {
  if (any_unknown_sort(txn) && is(answers.ours, rpc::StatusCode::invalid_argument, kInvalidSort) &&
      is(answers.theirs, rpc::StatusCode::invalid_argument, kEmptyKey)) {
    return &kUnknownSortOption;
  }
  const bool gone = keeps_what_it_deletes(txn) && answers.ours == answers.theirs;
  if (gone && is(answers.ours, rpc::StatusCode::invalid_argument, kKeyNotFound)) return &kKeepsWhatIsDeleted;
  const bool both = any_op(txn, [](const RequestOp& each) { return each.request_put().ignore_value() && each.request_put().lease() != 0; });
  const bool their_key = is(answers.theirs, rpc::StatusCode::invalid_argument, kKeyNotFound);
  const bool their_lease = is(answers.theirs, rpc::StatusCode::not_found, kLeaseNotFound);
  if (both && their_key && is(answers.ours, rpc::StatusCode::not_found, kLeaseNotFound)) return &kLeaseBeforeKey;
  const bool reads = any_op(txn, [](const RequestOp& each) { return each.has_request_range() && each.request_range().revision() != 0; });
  if (reads && (their_key || their_lease) && is_missing_revision(answers.ours)) return &kPutsBeforeRanges;
  return nullptr;
}

const ExpectedDifference* in_stream(const RangeRequest& range, const Answers& answers) {
  if (range.key().empty()) return answers.ours == answers.theirs ? &kRangeStream : nullptr;
  const bool sorts = range.sort_order() == RangeRequest::DESCEND ||
                     (range.sort_order() == RangeRequest::ASCEND && range.sort_target() != RangeRequest::KEY);
  const bool filters = range.min_mod_revision() != 0 || range.max_mod_revision() != 0 || range.min_create_revision() != 0 ||
                       range.max_create_revision() != 0;
  if (sorts) return is(answers.ours, rpc::StatusCode::unimplemented, kNoSortInStreams) ? &kRangeStreamSort : nullptr;
  if (filters) return is(answers.ours, rpc::StatusCode::unimplemented, kNoFiltersInStreams) ? &kRangeStreamFilters : nullptr;
  return answers.ours == answers.theirs ? &kRangeStream : nullptr;
}

const ExpectedDifference* in_hash(Answers answers) {
  if (is_missing_revision(answers.theirs)) {
    const auto* hash = answers.ours.get<etcdserverpb::HashKVResponse>();
    return hash != nullptr && hash->hash_revision() == hash->compact_revision() ? &kHashAtCompacted : nullptr;
  }
  if (auto* hash = std::get_if<etcdserverpb::HashKVResponse>(&answers.ours.body)) hash->clear_hash_revision();
  return answers.ours == answers.theirs ? &kHashRevision : nullptr;
}

const ExpectedDifference* expected_of_request(const Request& request, const Answers& answers) {
  if (!request.metadata.empty()) {
    return is(answers.ours, rpc::StatusCode::invalid_argument, kInvalidApiVersion) ? &kClientApiVersion : nullptr;
  }
  if (request.kind == Kind::range || request.kind == Kind::range_stream) {
    const auto& range = std::get<RangeRequest>(request.body);
    if (has_unknown_sort(range) && is(answers.theirs, rpc::StatusCode::invalid_argument, kEmptyKey)) {
      const std::string_view first = range.key().empty() ? kEmptyKey : kInvalidSort;
      return is(answers.ours, rpc::StatusCode::invalid_argument, first) ? &kUnknownSortOption : nullptr;
    }
    if (request.kind == Kind::range_stream) return in_stream(range, answers);
  }
  if (const auto* txn = std::get_if<TxnRequest>(&request.body)) return in_txn(*txn, answers);
  if (request.kind == Kind::hash_kv) return in_hash(answers);
  return nullptr;
}

}  // namespace

bool keeps_what_it_deletes(const TxnRequest& txn) {
  std::vector<std::string> deletes;
  return keeps_any_of(deletes, txn);
}

Request for_reference(Request request) {
  request.metadata.clear();
  if (auto* range = std::get_if<RangeRequest>(&request.body)) replace_unknown_sort(*range);
  if (auto* txn = std::get_if<TxnRequest>(&request.body)) {
    replace_unknown_sort(*txn);
    if (keeps_what_it_deletes(*txn)) replace_kept_keys(*txn);
  }
  if (request.kind == Kind::range_stream) {
    request.kind = Kind::range;
    // Without an order a stream is in key order, whatever the target.
    auto& range = std::get<RangeRequest>(request.body);
    if (range.sort_order() == RangeRequest::NONE) range.clear_sort_target();
  }
  return request;
}

Judgement judge_equality(const Answers& answers) {
  return {answers.ours == answers.theirs ? Verdict::equal : Verdict::different, nullptr};
}

Judgement judge(const Request& request, const Answers& answers) {
  const Judgement equality = judge_equality(answers);
  if (equality.verdict == Verdict::equal && !needs_stand_in(request, answers)) return equality;
  const ExpectedDifference* found = expected_of_request(request, answers);
  return {found != nullptr ? Verdict::expected : Verdict::different, found};
}

}  // namespace property_tests::differential
