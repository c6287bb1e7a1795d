#include "sim/etcd/answer_text.h"

#include <algorithm>

#include "core/api/cluster.pb.h"
#include "core/api/kv.pb.h"
#include "core/api/maintenance.pb.h"
#include "core/base/ids.h"
#include "core/base/text.h"
#include "sim/etcd/request_text.h"
#include "sim/etcd/watch_text.h"

namespace sim::etcd {

namespace {

constexpr std::size_t kValueShownBytes = 16;  // of a value: unique values say at their beginning whose they are
constexpr int kShownKeys = 3;

template <typename Message, typename Words>
std::string read(std::string_view bytes, Words words) {
  Message message;
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ? words(message) : std::string();
}

std::string decimal(std::int64_t value) { return std::to_string(value); }
std::string counted(std::int64_t count, std::string_view what) { return decimal(count) + " " + std::string(what) + (count == 1 ? "" : "s"); }

std::string key_words(const mvccpb::KeyValue& kv) {
  std::string out = base::escaped(kv.key());
  if (!kv.value().empty()) out += " = \"" + base::escaped(kv.value().substr(0, kValueShownBytes)) + (kv.value().size() > kValueShownBytes ? "…\"" : "\"");
  return out + " (of revision " + decimal(kv.mod_revision()) + ")";
}

template <typename Keys>
std::string keys_words(const Keys& kvs) {
  std::string out;
  for (int i = 0; i < std::min(kvs.size(), kShownKeys); ++i) out += (i == 0 ? ": " : ", ") + key_words(kvs.Get(i));
  return out + (kvs.size() > kShownKeys ? ", …" : "");
}

std::string range_words(const etcdserverpb::RangeResponse& range) {
  const std::string where = range.has_header() ? " at revision " + decimal(range.header().revision()) : std::string();
  if (range.kvs_size() == 0 && range.count() == 0) return "no key" + where;
  return counted(std::max<std::int64_t>(range.count(), range.kvs_size()), "key") + where + keys_words(range.kvs());
}

std::string done(const etcdserverpb::ResponseHeader& header) { return "done, revision " + decimal(header.revision()); }

std::string txn_words(const etcdserverpb::TxnResponse& txn);

std::string part_words(const etcdserverpb::ResponseOp& part) {
  switch (part.response_case()) {
    case etcdserverpb::ResponseOp::kResponseRange: return range_words(part.response_range());
    case etcdserverpb::ResponseOp::kResponsePut: return "put";
    case etcdserverpb::ResponseOp::kResponseDeleteRange: return "deleted " + decimal(part.response_delete_range().deleted());
    case etcdserverpb::ResponseOp::kResponseTxn: return txn_words(part.response_txn());
    case etcdserverpb::ResponseOp::RESPONSE_NOT_SET: break;
  }
  return "nothing";
}

std::string txn_words(const etcdserverpb::TxnResponse& txn) {
  std::string out = txn.succeeded() ? "took `then`" : "took `else`";
  if (txn.has_header() && txn.header().revision() != 0) out += ", revision " + decimal(txn.header().revision());
  for (int i = 0; i < std::min(txn.responses_size(), kShownKeys); ++i) out += (i == 0 ? ": " : "; ") + part_words(txn.responses(i));
  return out + (txn.responses_size() > kShownKeys ? "; …" : "");
}

std::string member_words(std::uint64_t id) { return base::to_text(base::MemberId(id)); }

template <typename Response>
std::string members_words(const Response& response) {
  std::string out = "the group is";
  for (const etcdserverpb::Member& member : response.members()) {
    const std::string name = member.name().empty() ? (member.peerurls_size() > 0 ? member.peerurls(0) : "?") : member.name();
    out += (out.back() == 's' ? " " : ", ") + name + (member.islearner() ? " (learner)" : "");
  }
  return out;
}

}  // namespace

std::string request_words(std::string_view path, std::string_view message) {
  using namespace etcdserverpb;
  if (path == "/etcdserverpb.KV/Put") return read<PutRequest>(message, [](const auto& m) { return to_text(m); });
  if (path == "/etcdserverpb.KV/Range") return read<RangeRequest>(message, [](const auto& m) { return to_text(m); });
  if (path == "/etcdserverpb.KV/RangeStream") return read<RangeRequest>(message, [](const auto& m) { return "stream of: " + to_text(m); });
  if (path == "/etcdserverpb.KV/Txn") return read<TxnRequest>(message, [](const auto& m) { return to_text(m); });
  if (path == "/etcdserverpb.KV/DeleteRange") {
    return read<DeleteRangeRequest>(message, [](const auto& m) {
      return "delete " + base::escaped(m.key()) + (m.range_end().empty() ? "" : ".." + base::escaped(m.range_end()));
    });
  }
  if (path == "/etcdserverpb.KV/Compact") {
    return read<CompactionRequest>(message, [](const auto& m) { return "forget history up to revision " + decimal(m.revision()); });
  }
  if (path == "/etcdserverpb.Maintenance/HashKV") {
    return read<HashKVRequest>(message, [](const auto& m) { return "hash of what stands at revision " + decimal(m.revision()); });
  }
  if (path == "/etcdserverpb.Maintenance/MoveLeader") {
    return read<MoveLeaderRequest>(message, [](const auto& m) { return "hand the leadership over to " + member_words(m.targetid()); });
  }
  if (path == "/etcdserverpb.Cluster/MemberList") return "who belongs to the group?";
  if (path == "/etcdserverpb.Cluster/MemberAdd") {
    return read<MemberAddRequest>(message, [](const auto& m) {
      return std::string("add a ") + (m.islearner() ? "learner" : "voter") + (m.peerurls_size() > 0 ? " at " + m.peerurls(0) : "");
    });
  }
  if (path == "/etcdserverpb.Cluster/MemberRemove") return read<MemberRemoveRequest>(message, [](const auto& m) { return "remove member " + member_words(m.id()); });
  if (path == "/etcdserverpb.Cluster/MemberPromote") {
    return read<MemberPromoteRequest>(message, [](const auto& m) { return "make a voter of member " + member_words(m.id()); });
  }
  if (path == "/etcdserverpb.Watch/Watch") return read<WatchRequest>(message, [](const auto& m) { return to_text(m); });
  return {};
}

std::string answer_words(std::string_view path, std::string_view message) {
  using namespace etcdserverpb;
  if (path == "/etcdserverpb.KV/Put") {
    return read<PutResponse>(message, [](const auto& m) { return done(m.header()) + (m.has_prev_kv() ? "; before: " + key_words(m.prev_kv()) : ""); });
  }
  if (path == "/etcdserverpb.KV/Range") return read<RangeResponse>(message, range_words);
  if (path == "/etcdserverpb.KV/RangeStream") return read<RangeStreamResponse>(message, [](const auto& m) { return range_words(m.range_response()); });
  if (path == "/etcdserverpb.KV/Txn") return read<TxnResponse>(message, txn_words);
  if (path == "/etcdserverpb.KV/DeleteRange") {
    return read<DeleteRangeResponse>(message, [](const auto& m) { return "deleted " + counted(m.deleted(), "key") + ", revision " + decimal(m.header().revision()); });
  }
  if (path == "/etcdserverpb.KV/Compact") return read<CompactionResponse>(message, [](const auto& m) { return done(m.header()); });
  if (path == "/etcdserverpb.Maintenance/HashKV") {
    return read<HashKVResponse>(message, [](const auto& m) {
      return "hash " + std::to_string(m.hash()) + " of revision " + decimal(m.hash_revision()) + ", at revision " + decimal(m.header().revision());
    });
  }
  if (path == "/etcdserverpb.Maintenance/MoveLeader") return "done";
  if (path == "/etcdserverpb.Cluster/MemberList") return read<MemberListResponse>(message, members_words<MemberListResponse>);
  if (path == "/etcdserverpb.Cluster/MemberAdd") return read<MemberAddResponse>(message, members_words<MemberAddResponse>);
  if (path == "/etcdserverpb.Cluster/MemberRemove") return read<MemberRemoveResponse>(message, members_words<MemberRemoveResponse>);
  if (path == "/etcdserverpb.Watch/Watch") return read<WatchResponse>(message, [](const auto& m) { return to_text(m); });
  if (path == "/etcdserverpb.Cluster/MemberPromote") return read<MemberPromoteResponse>(message, members_words<MemberPromoteResponse>);
  return {};
}

}  // namespace sim::etcd
