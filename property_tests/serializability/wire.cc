#include "property_tests/serializability/wire.h"

#include "core/api/kv.pb.h"

namespace tiny {

namespace {

namespace pb = etcdserverpb;

std::string key_text(int key) { return std::string(1, "abcm"[key]); }
// In the order of their numbers.
std::string value_text(int value) { return "v" + std::to_string(1000 + value); }

void fill(const Found& found, mvccpb::KeyValue& out) {
  out.set_key(key_text(found.key));
  out.set_value(value_text(found.pair.value));
  out.set_create_revision(found.pair.create);
  out.set_mod_revision(found.pair.mod);
  out.set_version(found.pair.version);
}

void fill(const Step& step, pb::PutRequest& put) {
  put.set_key(key_text(step.first));
  put.set_value(value_text(step.value));
  put.set_prev_kv(step.prev);
}

template <typename Message>
void fill_range(const Step& step, Message& out) {
  out.set_key(key_text(step.first));
  if (step.last > step.first) out.set_range_end(std::string(1, static_cast<char>(key_text(step.last)[0] + 1)));
}

void fill(const Step& step, pb::RequestOp& out) {
  switch (step.what) {
    case What::put: return fill(step, *out.mutable_request_put());
    case What::get: return fill_range(step, *out.mutable_request_range());
    case What::erase:
      fill_range(step, *out.mutable_request_delete_range());
      return out.mutable_request_delete_range()->set_prev_kv(step.prev);
  }
}

void fill(const StepAnswer& answer, pb::RangeResponse& out) {
  out.mutable_header()->set_revision(answer.revision);
  for (const Found& found : answer.found) fill(found, *out.add_kvs());
  out.set_count(answer.count);
}

void fill(const StepAnswer& answer, pb::PutResponse& out) {
  out.mutable_header()->set_revision(answer.revision);
  if (!answer.found.empty()) fill(answer.found[0], *out.mutable_prev_kv());
}

void fill(What what, const StepAnswer& answer, pb::ResponseOp& out) {
  switch (what) {
    case What::put: return fill(answer, *out.mutable_response_put());
    case What::get: return fill(answer, *out.mutable_response_range());
    case What::erase: {
      pb::DeleteRangeResponse& erase = *out.mutable_response_delete_range();
      erase.mutable_header()->set_revision(answer.revision);
      erase.set_deleted(answer.count);
      for (const Found& found : answer.found) fill(found, *erase.add_prev_kvs());
      return;
    }
  }
}

std::string request(const Operation& one) {
  switch (one.kind) {
    case Kind::put: {
      pb::PutRequest put;
      fill(one.then[0], put);
      return put.SerializeAsString();
    }
    case Kind::get: {
      pb::RangeRequest range;
      fill_range(one.then[0], range);
      range.set_serializable(one.may_be_stale);
      range.set_revision(one.asked);
      return range.SerializeAsString();
    }
    case Kind::txn: break;
  }
  pb::TxnRequest txn;
  for (const Compare& compare : one.compares) {
    pb::Compare& out = *txn.add_compare();
    out.set_key(key_text(compare.key));
    constexpr pb::Compare::CompareResult kResults[] = {pb::Compare::EQUAL, pb::Compare::GREATER, pb::Compare::LESS, pb::Compare::NOT_EQUAL};
    out.set_result(kResults[static_cast<std::size_t>(compare.relation)]);
    switch (compare.target) {
      case Target::version:
        out.set_target(pb::Compare::VERSION);
        out.set_version(compare.operand);
        break;
      case Target::create:
        out.set_target(pb::Compare::CREATE);
        out.set_create_revision(compare.operand);
        break;
      case Target::mod:
        out.set_target(pb::Compare::MOD);
        out.set_mod_revision(compare.operand);
        break;
      case Target::value:
        out.set_target(pb::Compare::VALUE);
        out.set_value(value_text(static_cast<int>(compare.operand)));
        break;
    }
  }
  for (const Step& step : one.then) fill(step, *txn.add_success());
  for (const Step& step : one.otherwise) fill(step, *txn.add_failure());
  return txn.SerializeAsString();
}

std::string answer(const Operation& one) {
  switch (one.kind) {
    case Kind::put: {
      pb::PutResponse put;
      fill(one.answer.steps[0], put);
      return put.SerializeAsString();
    }
    case Kind::get: {
      pb::RangeResponse range;
      fill(one.answer.steps[0], range);
      return range.SerializeAsString();
    }
    case Kind::txn: break;
  }
  pb::TxnResponse txn;
  txn.mutable_header()->set_revision(one.answer.revision);
  txn.set_succeeded(one.answer.succeeded);
  const std::vector<Step>& steps = one.answer.succeeded ? one.then : one.otherwise;
  for (std::size_t i = 0; i < one.answer.steps.size(); ++i) {
    // An answer to something else has no step of this place.
    fill(i < steps.size() ? steps[i].what : What::get, one.answer.steps[i], *txn.add_responses());
  }
  return txn.SerializeAsString();
}

struct Ending {
  rpc::StatusCode code;
  const char* text;
};
Ending ending(End how) {
  switch (how) {
    case End::answered:
    case End::never: break;
    case End::timed_out: return {rpc::StatusCode::unavailable, "etcdserver: request timed out"};
    case End::too_many: return {rpc::StatusCode::unknown, "etcdserver: too many requests"};
    case End::future: return {rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision is a future revision"};
    case End::compacted: return {rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision has been compacted"};
    case End::not_allowed: return {rpc::StatusCode::invalid_argument, "etcdserver: key is not provided"};
  }
  return {rpc::StatusCode::ok, ""};
}

}  // namespace

sim::etcd::History to_wire(const History& history) {
  sim::etcd::History out;
  out.endpoints = {"tiny"};
  out.first_revision = history.first;
  const auto pair = [&](const Found& found) {
    mvccpb::KeyValue kv;
    fill(found, kv);
    return out.arena.add(kv.SerializeAsString());
  };
  for (int key = 0; key < kKeys; ++key) {
    const std::optional<Pair>& there = history.base[static_cast<std::size_t>(key)];
    if (there) out.base.push_back(pair({key, *there}));
  }
  std::uint32_t number = 0;
  for (const Operation& one : history.operations) {
    sim::etcd::HistoryOperation operation;
    operation.client = static_cast<std::uint32_t>(one.client);
    operation.number = number++;
    operation.call = one.kind == Kind::put ? sim::etcd::HistoryCall::put
                     : one.kind == Kind::get ? sim::etcd::HistoryCall::range : sim::etcd::HistoryCall::txn;
    operation.start_ns = one.start;
    operation.request = out.arena.add(request(one));
    if (one.how != End::never) operation.end_ns = one.end;
    if (one.how == End::answered) {
      operation.end = sim::etcd::HistoryEnd::answered;
      operation.answer = out.arena.add(answer(one));
    } else if (one.how != End::never) {
      operation.end = sim::etcd::HistoryEnd::failed;
      operation.code = ending(one.how).code;
      operation.answer = ending(one.how).text;
    }
    out.operations.push_back(operation);
  }
  for (const LogEntry& entry : history.log) {
    sim::etcd::LogRevision& revision = out.log.emplace_back();
    revision.revision = entry.revision;
    for (const Found& put : entry.puts) revision.puts.push_back(pair(put));
    for (const int key : entry.deletes) revision.deletes.push_back(out.arena.add(key_text(key)));
    revision.key_count = entry.count;
  }
  return out;
}

}  // namespace tiny
