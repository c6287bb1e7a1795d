#include "core/etcd/txn.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/assert.h"
#include "core/etcd/compare.h"
#include "core/etcd/range.h"
#include "storage/mvcc/proto_wire.h"

namespace etcd {

using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;

namespace {

constexpr std::uint32_t kSucceeded = 2;  // etcdserverpb.TxnResponse
constexpr std::uint32_t kResponses = 3;  // likewise

using Operations = google::protobuf::RepeatedPtrField<RequestOp>;

// Which branch each transaction of the tree takes: a parent before its children, children in the order of the
// operations, and only those on a branch that is taken. Whoever walks the operations of the taken branches in
// order finds the choices in order.
using Choices = std::vector<bool>;

const Operations& branch_of(const TxnRequest& request, bool succeeded) {
  return succeeded ? request.success() : request.failure();
}

base::Status choose(mvcc::Store& store, const TxnRequest& request, Choices& choices) {
  bool succeeded = true;
  for (const etcdserverpb::Compare& compare : request.compare()) {
    const base::Result<bool> one = holds(store, compare);
    if (!one) return base::fail(one.error());
    succeeded = *one;
    if (!succeeded) break;
  }
  choices.push_back(succeeded);
  for (const RequestOp& operation : branch_of(request, succeeded)) {
    if (!operation.has_request_txn()) continue;
    if (base::Status chosen = choose(store, operation.request_txn(), choices); !chosen) return chosen;
  }
  return {};
}

// The operations that are to run, one after the other, along the choices.
class Run {
 public:
  Run(mvcc::Store& store, const Leases& leases, const Choices& choices) : store_(store), leases_(leases), choices_(choices) {}

  // What may refuse, in list order. Before the first change: a Range sees no revision that is yet to come.
  Refusal check(const TxnRequest& request) {
    for (const RequestOp& operation : branch_of(request, next_choice())) {
      if (const Refusal refused = check(operation)) return refused;
    }
    return std::nullopt;
  }

  // Appends the response but for its header to `response`, when somebody waits.
  base::Result<Refusal> execute(const TxnRequest& request, std::string* response) {
    const bool succeeded = next_choice();
    if (response != nullptr) mvcc::wire::append_int64(*response, kSucceeded, succeeded ? 1 : 0);
    for (const RequestOp& operation : branch_of(request, succeeded)) {
      std::string one;
      base::Result<Refusal> refused = execute(operation, response == nullptr ? nullptr : &one);
      if (!refused || *refused) return refused;
      if (response != nullptr) append_response(*response, operation, one);
    }
    return Refusal();
  }

  bool is_done() const { return next_ == choices_.size(); }

 private:
  bool next_choice() {
    ASSERT(!is_done());
    return choices_[next_++];
  }

  Refusal check(const RequestOp& operation) {
    switch (operation.request_case()) {
      case RequestOp::kRequestRange: return check_range(store_, operation.request_range());
      case RequestOp::kRequestPut: return check_put(store_, leases_, operation.request_put());
      case RequestOp::kRequestDeleteRange: return std::nullopt;
      case RequestOp::kRequestTxn: return check(operation.request_txn());
      case RequestOp::REQUEST_NOT_SET: break;
    }
    ASSERT(false && "refused before it was proposed");
    return std::nullopt;
  }

  // Headers inside a transaction hold the revision at most, that of a nested one not even that.
  base::Result<Refusal> execute(const RequestOp& operation, std::string* response) {
    switch (operation.request_case()) {
      case RequestOp::kRequestRange:
        if (response == nullptr) return Refusal();
        return append_range(store_, operation.request_range(), Header(), *response);
      case RequestOp::kRequestPut: return put(store_, operation.request_put(), Header(), response);
      case RequestOp::kRequestDeleteRange: {
        const base::Status deleted = delete_range(store_, operation.request_delete_range(), Header(), response);
        if (!deleted) return base::fail(deleted.error());
        return Refusal();
      }
      case RequestOp::kRequestTxn:
        if (response != nullptr) append_header(*response, Header());
        return execute(operation.request_txn(), response);
      case RequestOp::REQUEST_NOT_SET: break;
    }
    ASSERT(false && "refused before it was proposed");
    return Refusal();
  }

  // As ResponseOp, whose fields have the numbers of RequestOp's.
  static void append_response(std::string& out, const RequestOp& operation, std::string_view response) {
    static_assert(static_cast<int>(RequestOp::kRequestRange) == static_cast<int>(etcdserverpb::ResponseOp::kResponseRange));
    static_assert(static_cast<int>(RequestOp::kRequestPut) == static_cast<int>(etcdserverpb::ResponseOp::kResponsePut));
    static_assert(static_cast<int>(RequestOp::kRequestDeleteRange) ==
                  static_cast<int>(etcdserverpb::ResponseOp::kResponseDeleteRange));
    static_assert(static_cast<int>(RequestOp::kRequestTxn) == static_cast<int>(etcdserverpb::ResponseOp::kResponseTxn));
    std::string prefix;
    mvcc::wire::append_varint(prefix, mvcc::wire::tag(static_cast<std::uint32_t>(operation.request_case()), mvcc::wire::kBytes));
    mvcc::wire::append_varint(prefix, response.size());
    mvcc::wire::append_varint(out, mvcc::wire::tag(kResponses, mvcc::wire::kBytes));
    mvcc::wire::append_varint(out, prefix.size() + response.size());
    out.append(prefix).append(response);
  }

  mvcc::Store& store_;
  const Leases& leases_;
  const Choices& choices_;
  std::size_t next_ = 0;
};

template <typename Test>
bool all_operations(const TxnRequest& request, Test&& test) {
  return std::all_of(request.success().begin(), request.success().end(), test) &&
         std::all_of(request.failure().begin(), request.failure().end(), test);
}

}  // namespace

bool is_read_only(const TxnRequest& request) {
  return all_operations(request, [](const RequestOp& operation) { return operation.has_request_range(); });
}

bool is_serializable(const TxnRequest& request) {
  ASSERT(is_read_only(request));
  return all_operations(request, [](const RequestOp& operation) { return operation.request_range().serializable(); });
}

base::Result<Refusal> run_txn(mvcc::Store& store, const Leases& leases, const TxnRequest& request, Header header,
                              std::string* response) {
  Choices choices;
  if (base::Status chosen = choose(store, request, choices); !chosen) return base::fail(chosen.error());
  Run checks(store, leases, choices);
  if (const Refusal refused = checks.check(request)) return refused;
  ASSERT(checks.is_done());

  Run run(store, leases, choices);
  std::string body;
  base::Result<Refusal> refused = run.execute(request, response == nullptr ? nullptr : &body);
  if (!refused || *refused) return refused;
  ASSERT(run.is_done());
  if (response != nullptr) {
    header.revision = store.newest();
    append_header(*response, header);
    response->append(body);
  }
  return Refusal();
}

}  // namespace etcd
