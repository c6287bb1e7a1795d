// The rows of sections 3.1 to 3.4, and the errors of transactions.
#include <string>
#include <string_view>
#include <vector>

#include "property_tests/differential/build.h"
#include "property_tests/differential/observe.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::Compare;
using etcdserverpb::RequestOp;
using etcdserverpb::ResponseOp;
using etcdserverpb::TxnRequest;
using etcdserverpb::TxnResponse;

// --- compares ---------------------------------------------------------------------------------------

std::vector<mvccpb::KeyValue> compared(const Before& before, const Compare& compare) {
  std::vector<mvccpb::KeyValue> out;
  for (const auto& [key, kv] : before.known.live) {
    const bool in_range = compare.range_end() == kOpenEnd ? key >= compare.key() : key >= compare.key() && key < compare.range_end();
    if (compare.range_end().empty() ? key == compare.key() : in_range) out.push_back(kv);
  }
  return out;
}

template <typename T>
bool holds(Compare::CompareResult result, const T& stored, const T& operand) {
  switch (static_cast<int>(result)) {
    case Compare::EQUAL: return stored == operand;
    case Compare::GREATER: return stored > operand;
    case Compare::LESS: return stored < operand;
    case Compare::NOT_EQUAL: return stored != operand;
    default: return true;
  }
}

bool holds(const Compare& compare, const mvccpb::KeyValue& kv) {
  switch (static_cast<int>(compare.target())) {
    case Compare::VERSION: return holds(compare.result(), kv.version(), compare.version());
    case Compare::CREATE: return holds(compare.result(), kv.create_revision(), compare.create_revision());
    case Compare::MOD: return holds(compare.result(), kv.mod_revision(), compare.mod_revision());
    case Compare::VALUE: return holds(compare.result(), kv.value(), compare.value());
    case Compare::LEASE: return holds(compare.result(), kv.lease(), compare.lease());
    default: return holds(compare.result(), 0, 0);
  }
}

struct Compared {
  std::size_t keys = 0;
  std::size_t holding = 0;
  bool result = false;
};

Compared evaluate(const Before& before, const Compare& compare) {
  Compared out;
  for (const mvccpb::KeyValue& kv : compared(before, compare)) {
    ++out.keys;
    if (holds(compare, kv)) ++out.holding;
  }
  out.result = out.keys > 0 ? out.holding == out.keys : compare.target() != Compare::VALUE && holds(compare, mvccpb::KeyValue());
  return out;
}

// The oneof's case that belongs to a target has the number of the target, from version = 4 on.
bool is_operand_of_target(const Compare& compare) {
  return static_cast<int>(compare.target_union_case()) == static_cast<int>(Compare::kVersion) + static_cast<int>(compare.target());
}

// Of a txn with this compare alone, so `succeeded` is its outcome.
void observe_compare(const Before& before, const Compare& compare, bool succeeded, Coverage& coverage) {
  const Compared found = evaluate(before, compare);
  const bool is_value = compare.target() == Compare::VALUE;
  const bool known = Compare::CompareTarget_IsValid(compare.target()) && Compare::CompareResult_IsValid(compare.result());
  const std::string outcome = succeeded ? "true" : "false";
  if (!Compare::CompareResult_IsValid(compare.result()) && succeeded) coverage.count("3.2 unknown result");
  if (!Compare::CompareTarget_IsValid(compare.target())) coverage.count("3.2 unknown target");
  if (!known) return;
  if (compare.range_end().empty()) {
    if (found.keys == 0 && is_value && !succeeded) coverage.count("3.2 missing key, VALUE: false");
    if (found.keys == 0 && !is_value) coverage.count("3.2 missing key, other target: " + outcome);
    if (found.keys == 1) {
      coverage.count("3.2 " + Compare::CompareTarget_Name(compare.target()) + " " + Compare::CompareResult_Name(compare.result()) +
                     ": " + outcome);
    }
    if (found.keys == 1 && is_value && compare.value() == "\xff") coverage.count("3.2 VALUE beyond ASCII");
  } else {
    if (found.keys > 1 && succeeded) coverage.count("3.2 range compare: all hold");
    if (found.keys > 1 && found.holding > 0 && !succeeded) coverage.count("3.2 range compare: some do not hold");
    if (found.keys > 1 && compare.range_end() == kOpenEnd) coverage.count("3.2 range compare: open end");
    if (found.keys == 0) coverage.count(is_value ? "3.2 range compare: empty, VALUE" : "3.2 range compare: empty, other target");
  }
  if (compare.target_union_case() == Compare::TARGET_UNION_NOT_SET) coverage.count("3.2 operand unset");
  else if (!is_operand_of_target(compare)) coverage.count("3.2 operand of another kind");
}

// --- operations -------------------------------------------------------------------------------------

bool only_reads(const TxnRequest& txn) {
  for (const auto* branch : {&txn.success(), &txn.failure()}) {
    for (const RequestOp& each : *branch) {
      if (!each.has_request_range()) return false;
    }
  }
  return true;
}

bool all_serializable(const TxnRequest& txn) {
  for (const auto* branch : {&txn.success(), &txn.failure()}) {
    for (const RequestOp& each : *branch) {
      if (!each.request_range().serializable()) return false;
    }
  }
  return true;
}

void observe_path(const TxnRequest& txn, Coverage& coverage) {
  const bool is_empty = txn.success_size() == 0 && txn.failure_size() == 0;
  if (is_empty) coverage.count("3.1 no ops at all");
  else if (only_reads(txn)) coverage.count(all_serializable(txn) ? "3.1 read-only and serializable" : "3.1 read-only");
  for (const RequestOp& each : txn.success()) {
    if (each.has_request_txn() && only_reads(each.request_txn())) return coverage.count("3.1 a nested txn that only reads");
  }
}

// Walks the path that was taken, in order, beside the answers.
class Walk {
 public:
  Walk(const Before& before, Coverage& coverage) : before_(before), begin_(before.known.newest), coverage_(coverage) {}

  void txn(const TxnRequest& request, const TxnResponse& response, int depth) {
    const auto& ops = response.succeeded() ? request.success() : request.failure();
    for (int i = 0; i < ops.size() && i < response.responses_size(); ++i) op(ops[i], response.responses(i), depth);
  }
  int changes() const { return changes_; }
  bool has_write() const { return has_write_; }

 private:
  void op(const RequestOp& request, const ResponseOp& response, int depth) {
    switch (request.request_case()) {
      case RequestOp::kRequestRange: return range(request.request_range(), response.response_range());
      case RequestOp::kRequestPut: return put(request.request_put(), response.response_put());
      case RequestOp::kRequestDeleteRange: return erase(request.request_delete_range(), response.response_delete_range());
      case RequestOp::kRequestTxn: return nested(request.request_txn(), response.response_txn(), depth);
      case RequestOp::REQUEST_NOT_SET: return;
    }
  }

  void range(const etcdserverpb::RangeRequest& range, const etcdserverpb::RangeResponse& response) {
    const std::int64_t revision = response.header().revision();
    if (changes_ == 0 && revision == begin_) coverage_.count("3.4 range before a change answers begin");
    if (changes_ > 0 && revision == begin_ + 1) coverage_.count("3.4 range after a change answers begin + 1");
    if (range.revision() > 0 && changes_ > 0) coverage_.count("3.4 range with a revision in a write txn");
    for (const mvccpb::KeyValue& kv : response.kvs()) {
      if (kv.mod_revision() == begin_ + 1) {
        coverage_.count("3.4 range sees an earlier put");
        if (kv.create_revision() == begin_ + 1 && kv.version() == 1 && before_.known.live.count(kv.key()) > 0) {
          coverage_.count("3.4 deleted and put again: version 1");
        }
        break;
      }
    }
  }

  void put(const etcdserverpb::PutRequest& put, const etcdserverpb::PutResponse& response) {
    has_write_ = true;
    ++changes_;
    put_.insert(put.key());
    if (response.header().revision() == begin_ + 1) coverage_.count("3.4 put answers begin + 1");
    if (response.has_prev_kv()) coverage_.count("3.4 prev_kv within a txn");
  }

  void erase(const etcdserverpb::DeleteRangeRequest&, const etcdserverpb::DeleteRangeResponse& response) {
    has_write_ = true;
    const std::int64_t revision = response.header().revision();
    if (response.deleted() > 0 && revision == begin_ + 1) coverage_.count("3.4 delete answers begin + 1");
    if (response.deleted() == 0 && changes_ > 0 && revision == begin_ + 1) {
      coverage_.count("3.4 delete of nothing after a change answers begin + 1");
    }
    if (response.deleted() == 0 && changes_ == 0 && revision == begin_) {
      coverage_.count("3.4 delete of nothing before a change answers begin");
    }
    changes_ += static_cast<int>(response.deleted());
  }

  void nested(const TxnRequest& request, const TxnResponse& response, int depth) {
    if (response.header().revision() == 0 && response.header().member_id() == 0) coverage_.count("3.4 nested answer: its header is zero");
    coverage_.count("3.4 nested answer: succeeded of its own");
    if (depth > 0) coverage_.count("3.4 nested within nested");
    if (request.compare_size() == 1 && put_.count(request.compare(0).key()) > 0 &&
        evaluate(before_, request.compare(0)).result == response.succeeded()) {
      coverage_.count("3.2 nested compare of a key that the txn has put");
    }
    txn(request, response, depth + 1);
  }

  const Before& before_;
  std::int64_t begin_;
  Coverage& coverage_;
  int changes_ = 0;
  bool has_write_ = false;
  std::set<std::string> put_;
};

void observe_txn_refusal(const TxnRequest& txn, std::string_view message, Coverage& coverage) {
  struct Line {
    std::string_view words;
    std::string_view row;
    bool is_of_apply;
  };
  constexpr Line kLines[] = {
      {"key is not provided", "1.2 EmptyKey: txn", false},
      {"key not found", "1.2 KeyNotFound: txn", false},  // also for an op that is nothing
      {"value is provided", "1.2 ValueProvided: txn", false},
      {"lease is provided", "1.2 LeaseProvided: txn", false},
      {"too many operations", "1.2 TooManyOps", false},
      {"duplicate key", "1.2 DuplicateKey", false},
      {"has been compacted", "1.2 Compacted: txn", true},
      {"is a future revision", "1.2 FutureRev: txn", true},
      {"requested lease not found", "1.2 LeaseNotFound: txn", true},
  };
  for (const Line& line : kLines) {
    if (message.find(line.words) == std::string_view::npos) continue;
    coverage.count(line.row);
    if (line.is_of_apply && !only_reads(txn)) coverage.count("3.3 a write txn that aborts");
  }
}

}  // namespace

void observe_txn(const Before& before, const TxnRequest& txn, const Answer& answer, Coverage& coverage) {
  const auto* response = answer.get<TxnResponse>();
  if (response == nullptr) return observe_txn_refusal(txn, answer.status.message, coverage);
  observe_path(txn, coverage);
  if (txn.compare_size() == 0 && response->succeeded()) coverage.count("3.2 no compares");
  if (txn.compare_size() == 1) observe_compare(before, txn.compare(0), response->succeeded(), coverage);
  if (txn.compare_size() > 1) {
    int holding = 0;
    for (const Compare& compare : txn.compare()) holding += evaluate(before, compare).result ? 1 : 0;
    if (holding == txn.compare_size() && response->succeeded()) coverage.count("3.2 several compares, all true");
    if (holding > 0 && holding < txn.compare_size() && !response->succeeded()) {
      coverage.count("3.2 several compares, one true and one false");
    }
  }
  Walk walk(before, coverage);
  walk.txn(txn, *response, 0);
  if (walk.changes() > 1 && response->header().revision() == before.known.newest + 1) coverage.count("3.4 several changes in one revision");
  if (walk.has_write() && walk.changes() == 0 && response->header().revision() == before.known.newest) {
    coverage.count("3.4 a write txn without effect keeps the revision");
  }
}

}  // namespace property_tests::differential
