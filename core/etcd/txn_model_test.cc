// Property: a transaction answers, changes and refuses as a plain model does, which works on copies of a map.
// Method: few keys, so that operations meet; nesting and both branches; delete ranges with an open end, which may
// stand beside puts; conditions that are true about half of the time.
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/etcd/test_machine.h"
#include "core/etcd/txn_validation.h"
#include "property_tests/property.h"

namespace etcd {
namespace {

using etcdserverpb::Compare;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;
using etcdserverpb::TxnResponse;
using State = std::map<std::string, mvccpb::KeyValue>;

const std::string kOpen(1, '\0');

std::vector<mvccpb::KeyValue> in_range(const State& state, const std::string& key, const std::string& end) {
  std::vector<mvccpb::KeyValue> found;
  for (const auto& [candidate, kv] : state) {
    const bool is_in = end.empty() ? candidate == key : candidate >= key && (end == kOpen || candidate < end);
    if (is_in) found.push_back(kv);
  }
  return found;
}

class Model {
 public:
  // The answer as text, or the error that refuses; then nothing has changed.
  std::variant<std::string, ErrorId> run(const TxnRequest& request) {
    TxnResponse response;
    state_ = history_.back();
    has_changed_ = false;
    const std::map<const TxnRequest*, bool> chosen = choose(request);
    std::optional<ErrorId> refused = check(request, chosen);
    if (!refused) refused = execute(request, chosen, response);
    if (refused) return *refused;
    if (has_changed_) history_.push_back(state_);
    response.mutable_header()->set_revision(revision());
    return testing::text_of(response);
  }
  std::int64_t revision() const { return static_cast<std::int64_t>(history_.size()); }
  const State& state() const { return history_.back(); }

 private:
  static bool is_true(const Compare& compare, const mvccpb::KeyValue& kv) {
    const auto holds = [&](auto stored, auto operand) {
      if (compare.result() == Compare::EQUAL) return stored == operand;
      if (compare.result() == Compare::NOT_EQUAL) return stored != operand;
      return compare.result() == Compare::LESS ? stored < operand : stored > operand;
    };
    if (compare.target() == Compare::VERSION) return holds(kv.version(), compare.version());
    if (compare.target() == Compare::CREATE) return holds(kv.create_revision(), compare.create_revision());
    if (compare.target() == Compare::MOD) return holds(kv.mod_revision(), compare.mod_revision());
    return holds(kv.value(), compare.value());
  }

  std::map<const TxnRequest*, bool> choose(const TxnRequest& request) const {
    bool all = true;
    for (const Compare& compare : request.compare()) {
      std::vector<mvccpb::KeyValue> found = in_range(history_.back(), compare.key(), compare.range_end());
      if (found.empty() && compare.target() == Compare::VALUE) all = false;
      if (found.empty()) found.emplace_back();
      for (const auto& kv : found) all = all && is_true(compare, kv);
    }
    std::map<const TxnRequest*, bool> chosen{{&request, all}};
    for (const RequestOp& operation : all ? request.success() : request.failure()) {
      if (operation.has_request_txn()) chosen.merge(choose(operation.request_txn()));
    }
    return chosen;
  }

  std::optional<ErrorId> check(const TxnRequest& request, const std::map<const TxnRequest*, bool>& chosen) const {
    for (const RequestOp& operation : chosen.at(&request) ? request.success() : request.failure()) {
      if (operation.has_request_range() && operation.request_range().revision() > revision()) return ErrorId::future_rev;
      const auto& put = operation.request_put();
      if (put.lease() != 0) return ErrorId::lease_not_found;
      if ((put.ignore_value() || put.ignore_lease()) && history_.back().count(put.key()) == 0) return ErrorId::key_not_found;
      if (!operation.has_request_txn()) continue;
      if (const auto refused = check(operation.request_txn(), chosen)) return refused;
    }
    return std::nullopt;
  }

  std::optional<ErrorId> execute(const TxnRequest& request, const std::map<const TxnRequest*, bool>& chosen, TxnResponse& response) {
    response.set_succeeded(chosen.at(&request));
    for (const RequestOp& operation : chosen.at(&request) ? request.success() : request.failure()) {
      etcdserverpb::ResponseOp& answer = *response.add_responses();
      if (operation.has_request_txn()) {
        if (const auto refused = execute(operation.request_txn(), chosen, *answer.mutable_response_txn())) return refused;
      } else if (operation.has_request_put()) {
        if (const auto refused = put(operation.request_put(), *answer.mutable_response_put())) return refused;
      } else if (operation.has_request_delete_range()) {
        erase(operation.request_delete_range(), *answer.mutable_response_delete_range());
      } else {
        range(operation.request_range(), *answer.mutable_response_range());
      }
    }
    return std::nullopt;
  }

  std::optional<ErrorId> put(const etcdserverpb::PutRequest& request, etcdserverpb::PutResponse& response) {
    const auto before = state_.find(request.key());
    if (before == state_.end() && (request.ignore_value() || request.ignore_lease())) return ErrorId::key_not_found;
    if (before != state_.end() && request.prev_kv()) *response.mutable_prev_kv() = before->second;
    has_changed_ = true;
    mvccpb::KeyValue& kv = state_[request.key()];
    kv.set_key(request.key());
    if (!request.ignore_value()) kv.set_value(request.value());
    kv.set_version(kv.version() + 1);
    kv.set_mod_revision(seen());
    if (kv.version() == 1) kv.set_create_revision(seen());
    response.mutable_header()->set_revision(seen());
    return std::nullopt;
  }

  void erase(const etcdserverpb::DeleteRangeRequest& request, etcdserverpb::DeleteRangeResponse& response) {
    for (const mvccpb::KeyValue& kv : in_range(state_, request.key(), request.range_end())) {
      if (request.prev_kv()) *response.add_prev_kvs() = kv;
      response.set_deleted(response.deleted() + 1);
      state_.erase(kv.key());
      has_changed_ = true;
    }
    response.mutable_header()->set_revision(seen());
  }

  void range(const etcdserverpb::RangeRequest& request, etcdserverpb::RangeResponse& response) const {
    const State& at = request.revision() == 0 ? state_ : history_[static_cast<std::size_t>(request.revision()) - 1];
    for (const mvccpb::KeyValue& kv : in_range(at, request.key(), request.range_end())) {
      response.set_count(response.count() + 1);
      if (request.limit() > 0 && response.kvs_size() == request.limit()) {
        response.set_more(true);
      } else {
        *response.add_kvs() = kv;
      }
    }
    response.mutable_header()->set_revision(seen());
  }

  std::int64_t seen() const { return revision() + (has_changed_ ? 1 : 0); }

  std::vector<State> history_{State()};  // by revision, from 1
  State state_;
  bool has_changed_ = false;
};

// --- what is asked ----------------------------------------------------------------------------------

int up_to(int last) { return *rc::gen::inRange(0, last + 1); }
bool one_in(int count) { return up_to(count - 1) == 0; }
std::string a_key() { return std::string(1, static_cast<char>('a' + up_to(4))); }
std::string an_end() {
  const int kind = up_to(5);
  if (kind < 3) return {};
  return kind == 3 ? kOpen : std::string(1, static_cast<char>('b' + up_to(4)));
}

Compare a_compare(std::int64_t revision) {
  Compare compare;
  compare.set_key(a_key());
  compare.set_range_end(an_end());
  compare.set_result(static_cast<Compare::CompareResult>(up_to(3)));
  compare.set_target(static_cast<Compare::CompareTarget>(up_to(3)));
  if (compare.target() == Compare::VERSION) compare.set_version(up_to(2));
  if (compare.target() == Compare::CREATE) compare.set_create_revision(up_to(static_cast<int>(revision)));
  if (compare.target() == Compare::MOD) compare.set_mod_revision(up_to(static_cast<int>(revision)));
  if (compare.target() == Compare::VALUE) compare.set_value(std::to_string(up_to(3)));
  return compare;
}

TxnRequest a_txn(int depth, std::int64_t revision);

void fill_operation(RequestOp& operation, int depth, std::int64_t revision) {
  switch (up_to(depth == 0 ? 4 : 6)) {
    case 0: {
      auto& range = *operation.mutable_request_range();
      range.set_key(a_key());
      range.set_range_end(an_end());
      range.set_limit(up_to(2));
      if (one_in(4)) range.set_revision(1 + up_to(static_cast<int>(revision) - (one_in(4) ? 0 : 1)));
      return;
    }
    case 1: {
      auto& erase = *operation.mutable_request_delete_range();
      erase.set_key(a_key());
      erase.set_range_end(an_end());
      erase.set_prev_kv(one_in(2));
      return;
    }
    case 2:
    case 3:
    case 4: {
      auto& put = *operation.mutable_request_put();
      put.set_key(a_key());
      put.set_prev_kv(one_in(2));
      put.set_ignore_value(one_in(5));
      put.set_ignore_lease(one_in(8));
      if (!put.ignore_value()) put.set_value(std::to_string(up_to(3)));
      if (!put.ignore_lease() && one_in(40)) put.set_lease(7);
      return;
    }
    default: *operation.mutable_request_txn() = a_txn(depth - 1, revision);
  }
}

TxnRequest a_txn(int depth, std::int64_t revision) {
  TxnRequest request;
  for (int i = up_to(2); i > 0; --i) *request.add_compare() = a_compare(revision);
  for (int i = up_to(3); i > 0; --i) fill_operation(*request.add_success(), depth, revision);
  for (int i = up_to(3); i > 0; --i) fill_operation(*request.add_failure(), depth, revision);
  return request;
}

PROPERTY("a transaction does what the model does") {
  int ran = 0;
  property_tests::property("txn", [&] {
    testing::MachineFixture test;
    Model model;
    for (int i = 0; i < 8; ++i) {
      const TxnRequest request = a_txn(2, model.revision());
      if (validate(request, 128)) continue;  // its own tests say whether that is right
      ++ran;
      const std::string bytes = test.apply(CommandKind::txn, request);
      const auto expected = model.run(request);
      if (std::holds_alternative<ErrorId>(expected)) {
        const WireError& error = wire_error(std::get<ErrorId>(expected));
        RC_ASSERT(bytes == std::to_string(static_cast<int>(error.code)) + " " + std::string(error.text));
      } else {
        TxnResponse response;
        RC_ASSERT(response.ParseFromString(bytes));
        RC_ASSERT(testing::text_of(response) == std::get<std::string>(expected));
      }
      RC_ASSERT(mvcc::to_signed(test.machine().store().current()) == model.revision());
      const mvcc::Store& store = test.machine().store();
      std::size_t count = 0;
      for (const auto& [key, kv] : model.state()) {
        const mvcc::KeyVersion* version = store.find(key, store.current());
        RC_ASSERT(version != nullptr);
        RC_ASSERT(mvcc::to_signed(version->modified) == kv.mod_revision());
        ++count;
      }
      std::vector<mvcc::Found> found;
      RC_ASSERT(store.find({"a", kOpen}, store.current(), 0, found) == count);
    }
  });
  CHECK(ran > 200);
}

}  // namespace
}  // namespace etcd
