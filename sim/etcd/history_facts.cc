#include "sim/etcd/history_facts.h"

#include <algorithm>
#include <string>

#include "core/api/kv.pb.h"
#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/etcd/parse.h"
#include "sim/etcd/wire_field.h"

namespace sim::etcd {

namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;

using ::etcd::parse;

// --- requests ---------------------------------------------------------------------------------------

// What keeps a request from being judged; empty: nothing.
std::string complaint(const etcdserverpb::PutRequest& put) {
  if (put.key().empty()) return "a put without a key";
  if (put.value().empty()) return "a put without a value";
  if (put.lease() != 0 || put.ignore_lease() || put.ignore_value()) return "a put with a lease, or that keeps a value or a lease";
  return {};
}

std::string complaint(const RangeRequest& range) {
  if (range.key().empty()) return "a range without a key";
  if (range.limit() < 0 || range.revision() < 0) return "a range with a negative limit or revision";
  if (range.sort_target() != RangeRequest::KEY || !RangeRequest::SortOrder_IsValid(range.sort_order())) return "a range sorted by other things than keys";
  if (range.min_mod_revision() != 0 || range.max_mod_revision() != 0 || range.min_create_revision() != 0 || range.max_create_revision() != 0) {
    return "a range with bounds for revisions";
  }
  return {};
}

std::string complaint(const TxnRequest& txn);

std::string complaint(const google::protobuf::RepeatedPtrField<RequestOp>& branch) {
  bool has_put = false;
  bool has_delete = false;
  for (const RequestOp& operation : branch) {
    std::string wrong;
    switch (operation.request_case()) {
      case RequestOp::kRequestPut:
        has_put = true;
        wrong = complaint(operation.request_put());
        break;
      case RequestOp::kRequestRange:
        wrong = operation.request_range().revision() != 0 ? "a transaction that reads an old revision" : complaint(operation.request_range());
        break;
      case RequestOp::kRequestDeleteRange:
        has_delete = true;
        if (operation.request_delete_range().key().empty()) wrong = "a delete without a key";
        break;
      case RequestOp::kRequestTxn: wrong = complaint(operation.request_txn()); break;
      case RequestOp::REQUEST_NOT_SET: wrong = "a transaction with an operation that is none"; break;
    }
    if (!wrong.empty()) return wrong;
  }
  // Only a put says in the log whose it is.
  if (has_delete && !has_put) return "a transaction that deletes without a put beside it";
  return {};
}

std::string complaint(const TxnRequest& txn) {
  for (const etcdserverpb::Compare& compare : txn.compare()) {
    if (compare.key().empty()) return "a compare without a key";
    const bool is_known = etcdserverpb::Compare::CompareTarget_IsValid(compare.target()) && compare.target() != etcdserverpb::Compare::LEASE &&
                          etcdserverpb::Compare::CompareResult_IsValid(compare.result());
    if (!is_known) return "a compare of something else";
  }
  const std::string wrong = complaint(txn.success());
  return wrong.empty() ? complaint(txn.failure()) : wrong;
}

// Answered by the member that is asked, wherever that stands: only ranges, and each of them content with it.
bool may_be_stale(const TxnRequest& txn) {
  for (const auto* branch : {&txn.success(), &txn.failure()}) {
    for (const RequestOp& operation : *branch) {
      if (!operation.has_request_range() || !operation.request_range().serializable()) return false;
    }
  }
  return true;
}

// --- answers ----------------------------------------------------------------------------------------

bool has_put(const etcdserverpb::TxnResponse& txn) {
  return std::any_of(txn.responses().begin(), txn.responses().end(), [](const etcdserverpb::ResponseOp& one) {
    return one.has_response_put() || (one.has_response_txn() && has_put(one.response_txn()));
  });
}

// Of any response of KV. Whether all of it can be parsed is seen later.
std::int64_t header_revision(std::string_view answer) {
  constexpr std::uint64_t kHeader = 1;
  return number_field(bytes_field(answer, kHeader), etcdserverpb::ResponseHeader::kRevisionFieldNumber);
}

}  // namespace

// One of each, so that their memory is used again.
struct RequestMessages {
  etcdserverpb::PutRequest put;
  RangeRequest range;
  TxnRequest txn;
};

base::Status HistoryFacts::add_value(std::string_view value, OperationIndex operation) {
  if (writers_.add(value, operation)) return {};
  return base::fail(base::Code::invalid, "the value " + base::escaped(value.substr(0, 24)) + " is put twice");
}

namespace {

template <typename Add>
base::Status for_each_value(const TxnRequest& txn, const Add& add) {
  for (const auto* branch : {&txn.success(), &txn.failure()}) {
    for (const RequestOp& operation : *branch) {
      base::Status added;
      if (operation.has_request_put()) added = add(operation.request_put().value());
      if (operation.has_request_txn()) added = for_each_value(operation.request_txn(), add);
      if (!added) return added;
    }
  }
  return {};
}

}  // namespace

base::Status HistoryFacts::read_request(const History& history, OperationIndex index, RequestMessages& messages) {
  const HistoryOperation& operation = history.operations[index];
  OperationFacts& facts = facts_[index];
  const auto refuse = [](std::string why) { return base::fail(base::Code::invalid, std::move(why)); };
  std::string wrong;
  switch (operation.call) {
    case HistoryCall::put: {
      if (!parse(messages.put, operation.request)) return refuse("a put that cannot be read");
      wrong = complaint(messages.put);
      if (!wrong.empty()) return refuse(wrong);
      return add_value(bytes_field(operation.request, etcdserverpb::PutRequest::kValueFieldNumber), index);
    }
    case HistoryCall::range: {
      if (!parse(messages.range, operation.request)) return refuse("a range that cannot be read");
      wrong = complaint(messages.range);
      facts.may_be_stale = messages.range.serializable();
      facts.asked = messages.range.revision();
      if (facts.asked != 0 && facts.asked < history.first_revision) wrong = "a range of a revision before the run began";
      if (!wrong.empty()) return refuse(wrong);
      return {};
    }
    case HistoryCall::txn: {
      if (!parse(messages.txn, operation.request)) return refuse("a transaction that cannot be read");
      wrong = complaint(messages.txn);
      if (!wrong.empty()) return refuse(wrong);
      facts.may_be_stale = may_be_stale(messages.txn);
      return for_each_value(messages.txn, [&](const std::string& value) {
        // The same bytes, where they stay.
        const std::size_t at = operation.request.find(value);
        ASSERT(at != std::string_view::npos);
        return add_value(operation.request.substr(at, value.size()), index);
      });
    }
  }
  return {};
}

base::Result<HistoryFacts> HistoryFacts::read(const History& history) {
  if (history.operations.size() >= kNoOperation) return base::fail(base::Code::invalid, "too many operations");
  HistoryFacts out;
  out.facts_.resize(history.operations.size());
  out.writers_.reserve(history.operations.size());
  RequestMessages messages;
  etcdserverpb::TxnResponse txn;
  for (OperationIndex i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    if (base::Status read = out.read_request(history, i, messages); !read) {
      return base::fail(base::Code::invalid, "client " + std::to_string(operation.client) + ", operation " + std::to_string(operation.number) +
                                                 ": " + read.error().detail + ", which cannot be judged");
    }
    OperationFacts& facts = out.facts_[i];
    if (operation.end == HistoryEnd::failed) facts.meaning = meaning_of({operation.code, std::string(operation.answer)});
    if (operation.end != HistoryEnd::answered) continue;
    facts.told = header_revision(operation.answer);
    facts.says_wrote = operation.call == HistoryCall::put;
    if (operation.call != HistoryCall::txn) continue;
    facts.is_readable = parse(txn, operation.answer);
    facts.says_wrote = facts.is_readable && has_put(txn);
  }
  return out;
}

}  // namespace sim::etcd
