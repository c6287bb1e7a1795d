#include "property_tests/differential/request.h"

#include <google/protobuf/text_format.h>

#include "core/base/assert.h"
#include "core/base/overloaded.h"
#include "core/base/text.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::Compare;
using etcdserverpb::CompactionRequest;
using etcdserverpb::HashKVRequest;
using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::ResponseHeader;
using etcdserverpb::ResponseOp;
using etcdserverpb::TxnRequest;

constexpr std::int64_t kNewest = std::int64_t{1} << 50;
constexpr std::int64_t kCompacted = std::int64_t{1} << 51;
constexpr std::int64_t kStored = std::int64_t{1} << 52;
constexpr std::int64_t kOffsetMax = std::int64_t{1} << 40;

bool is_relative_to(std::int64_t mark, std::int64_t number) { return number > mark - kOffsetMax && number < mark + kOffsetMax; }

std::int64_t resolved(std::int64_t number, const Known& at, std::int64_t stored_number = 0) {
  if (is_relative_to(kNewest, number)) return at.newest + (number - kNewest);
  if (is_relative_to(kCompacted, number)) return at.compacted + (number - kCompacted);
  if (is_relative_to(kStored, number)) return stored_number + (number - kStored);
  return number;
}

void resolve(RangeRequest& range, const Known& at) {
  range.set_revision(resolved(range.revision(), at));
  range.set_min_mod_revision(resolved(range.min_mod_revision(), at));
  range.set_max_mod_revision(resolved(range.max_mod_revision(), at));
  range.set_min_create_revision(resolved(range.min_create_revision(), at));
  range.set_max_create_revision(resolved(range.max_create_revision(), at));
}

void resolve(Compare& compare, const Known& at) {
  const auto found = at.live.find(compare.key());
  const mvccpb::KeyValue stored = found != at.live.end() ? found->second : mvccpb::KeyValue();
  switch (compare.target_union_case()) {
    case Compare::kVersion: return compare.set_version(resolved(compare.version(), at, stored.version()));
    case Compare::kCreateRevision: return compare.set_create_revision(resolved(compare.create_revision(), at, stored.create_revision()));
    case Compare::kModRevision: return compare.set_mod_revision(resolved(compare.mod_revision(), at, stored.mod_revision()));
    case Compare::kValue:
      if (compare.value() == kStoredValue) compare.set_value(stored.value());
      return;
    case Compare::kLease:
    case Compare::TARGET_UNION_NOT_SET: return;
  }
}

void resolve(TxnRequest& txn, const Known& at) {
  for (Compare& compare : *txn.mutable_compare()) resolve(compare, at);
  for (auto* branch : {txn.mutable_success(), txn.mutable_failure()}) {
    for (RequestOp& op : *branch) {
      if (op.has_request_range()) resolve(*op.mutable_request_range(), at);
      if (op.has_request_txn()) resolve(*op.mutable_request_txn(), at);
    }
  }
}

void normalise(ResponseHeader& header) {
  if (header.cluster_id() != 0) header.set_cluster_id(1);
  if (header.member_id() != 0) header.set_member_id(1);
  if (header.raft_term() != 0) header.set_raft_term(1);
}

template <typename Response>
void normalise(Response& response) {
  if (response.has_header()) normalise(*response.mutable_header());
}

void normalise(etcdserverpb::TxnResponse& response) {
  if (response.has_header()) normalise(*response.mutable_header());
  for (ResponseOp& op : *response.mutable_responses()) {
    if (op.has_response_range()) normalise(*op.mutable_response_range());
    if (op.has_response_put()) normalise(*op.mutable_response_put());
    if (op.has_response_delete_range()) normalise(*op.mutable_response_delete_range());
    if (op.has_response_txn()) normalise(*op.mutable_response_txn());
  }
}

std::string one_line(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetTruncateStringFieldLongerThan(100);
  std::string text;
  ASSERT(printer.PrintToString(message, &text));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

rpc::Status unreadable(std::string_view why) { return {rpc::StatusCode::internal, "the answer cannot be read: " + std::string(why)}; }

template <typename Response>
Answer parsed(const std::vector<std::string>& messages) {
  Response response;
  if (messages.size() != 1) return {unreadable(std::to_string(messages.size()) + " messages"), {}};
  if (!response.ParseFromString(messages.front())) return {unreadable("no message of its type"), {}};
  normalise(response);
  return {{}, std::move(response)};
}

// The header, `more` and `count` come with the last (etcd rpc.proto, RangeStream).
Answer joined(const std::vector<std::string>& messages) {
  etcdserverpb::RangeResponse whole;
  for (const std::string& message : messages) {
    etcdserverpb::RangeStreamResponse part;
    if (!part.ParseFromString(message)) return {unreadable("no message of its type"), {}};
    const etcdserverpb::RangeResponse& range = part.range_response();
    const bool is_last = &message == &messages.back();
    if (!is_last && (range.has_header() || range.more() || range.count() != 0)) return {unreadable("a header before the last part"), {}};
    if (!is_last && range.kvs_size() == 0) return {unreadable("an empty part before the last"), {}};
    whole.MergeFrom(range);
  }
  if (!whole.has_header()) return {unreadable("no header in the last part"), {}};
  normalise(whole);
  return {{}, std::move(whole)};
}

}  // namespace

std::int64_t newest(std::int64_t offset) { return kNewest + offset; }
std::int64_t compacted(std::int64_t offset) { return kCompacted + offset; }
std::int64_t stored(std::int64_t offset) { return kStored + offset; }

std::string_view to_text(Kind kind) {
  switch (kind) {
    case Kind::range: return "range";
    case Kind::range_stream: return "range_stream";
    case Kind::put: return "put";
    case Kind::delete_range: return "delete";
    case Kind::txn: return "txn";
    case Kind::compact: return "compact";
    case Kind::hash_kv: return "hash";
    case Kind::raw: return "raw";
    case Kind::member_list: return "member_list";
    case Kind::member_add: return "member_add";
    case Kind::member_remove: return "member_remove";
    case Kind::member_update: return "member_update";
    case Kind::member_promote: return "member_promote";
  }
  return "";
}

std::string Request::path() const {
  switch (kind) {
    case Kind::range: return "/etcdserverpb.KV/Range";
    case Kind::range_stream: return "/etcdserverpb.KV/RangeStream";
    case Kind::put: return "/etcdserverpb.KV/Put";
    case Kind::delete_range: return "/etcdserverpb.KV/DeleteRange";
    case Kind::txn: return "/etcdserverpb.KV/Txn";
    case Kind::compact: return "/etcdserverpb.KV/Compact";
    case Kind::hash_kv: return "/etcdserverpb.Maintenance/HashKV";
    case Kind::raw: return std::get<Raw>(body).path;
    case Kind::member_list: return "/etcdserverpb.Cluster/MemberList";
    case Kind::member_add: return "/etcdserverpb.Cluster/MemberAdd";
    case Kind::member_remove: return "/etcdserverpb.Cluster/MemberRemove";
    case Kind::member_update: return "/etcdserverpb.Cluster/MemberUpdate";
    case Kind::member_promote: return "/etcdserverpb.Cluster/MemberPromote";
  }
  return "";
}

std::string Request::bytes() const {
  return std::visit(base::Overloaded{[](const Raw& raw) { return raw.bytes; },
                                     [](const google::protobuf::Message& message) { return message.SerializeAsString(); }},
                    body);
}

Request resolved(Request request, const Known& at) {
  std::visit(base::Overloaded{
                 [&](RangeRequest& range) { resolve(range, at); },
                 [&](TxnRequest& txn) { resolve(txn, at); },
                 [&](CompactionRequest& compact) { compact.set_revision(resolved(compact.revision(), at)); },
                 [&](HashKVRequest& hash) { hash.set_revision(resolved(hash.revision(), at)); },
                 [](google::protobuf::Message&) {},  // nothing symbolic
                 [](Raw&) {},
             },
             request.body);
  return request;
}

std::string to_text(const Request& request) {
  std::string text(to_text(request.kind));
  for (const auto& [name, value] : request.metadata) text += " [" + name + ": " + base::escaped(value) + "]";
  return text + " " +
         std::visit(base::Overloaded{[](const Raw& raw) { return raw.path + " with " + std::to_string(raw.bytes.size()) + " bytes"; },
                                     [](const google::protobuf::Message& message) { return "{ " + one_line(message) + " }"; }},
                    request.body);
}

Answer make_answer(Kind kind, const rpc::Status& status, const std::vector<std::string>& messages) {
  if (status.code != rpc::StatusCode::ok) return {status, {}};
  switch (kind) {
    case Kind::range: return parsed<etcdserverpb::RangeResponse>(messages);
    case Kind::range_stream: return joined(messages);
    case Kind::put: return parsed<etcdserverpb::PutResponse>(messages);
    case Kind::delete_range: return parsed<etcdserverpb::DeleteRangeResponse>(messages);
    case Kind::txn: return parsed<etcdserverpb::TxnResponse>(messages);
    case Kind::compact: return parsed<etcdserverpb::CompactionResponse>(messages);
    case Kind::hash_kv: return parsed<etcdserverpb::HashKVResponse>(messages);
    case Kind::raw: return {{}, {}};
    case Kind::member_list: return parsed<etcdserverpb::MemberListResponse>(messages);
    case Kind::member_add: return parsed<etcdserverpb::MemberAddResponse>(messages);
    case Kind::member_remove: return parsed<etcdserverpb::MemberRemoveResponse>(messages);
    case Kind::member_update: return parsed<etcdserverpb::MemberUpdateResponse>(messages);
    case Kind::member_promote: return parsed<etcdserverpb::MemberPromoteResponse>(messages);
  }
  return {};
}

bool operator==(const Answer& a, const Answer& b) {
  if (!(a.status == b.status) || a.body.index() != b.body.index()) return false;
  const auto bytes = [](const Answer& answer) {
    return std::visit(base::Overloaded{[](std::monostate) { return std::string(); },
                                       [](const google::protobuf::Message& message) { return message.SerializeAsString(); }},
                      answer.body);
  };
  return bytes(a) == bytes(b);
}

std::string to_text(const Answer& answer) {
  if (!answer.ok()) return rpc::to_text(answer.status);
  return std::visit(base::Overloaded{[](std::monostate) { return std::string("OK"); },
                                     [](const google::protobuf::Message& message) { return "{ " + one_line(message) + " }"; }},
                    answer.body);
}

}  // namespace property_tests::differential
