// property_tests/differential/request.h: one request of a run, and what a server said to it.
//
// Requests are made before anybody knows how far the store will have come, and shrinking takes requests out of the
// middle of a run. So revisions are symbolic, `newest(-2)` or `stored(+1)`: numbers far out of the way that stand in
// the very fields of the message and are replaced just before it is sent.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/api/kv.pb.h"
#include "core/api/maintenance.pb.h"
#include "core/rpc/status.h"

namespace property_tests::differential {

// What a store is known to hold; symbolic numbers are relative to it.
struct Known {
  std::int64_t newest = 1;
  std::int64_t compacted = -1;  // of a store that was never compacted
  std::map<std::string, mvccpb::KeyValue> live;
};

std::int64_t newest(std::int64_t offset = 0);
std::int64_t compacted(std::int64_t offset = 0);
// In a compare: what its key has there now.
std::int64_t stored(std::int64_t offset = 0);
inline constexpr std::string_view kStoredValue = "the stored value";  // likewise

enum class Kind : std::uint8_t {
  range, range_stream, put, delete_range, txn, compact, hash_kv, raw,
  member_list, member_add, member_remove, member_update, member_promote,
};
inline constexpr Kind kKinds[] = {Kind::range, Kind::range_stream, Kind::put, Kind::delete_range,
                                  Kind::txn,   Kind::compact,      Kind::hash_kv, Kind::raw};
inline constexpr Kind kMemberKinds[] = {Kind::member_list, Kind::member_add, Kind::member_remove, Kind::member_update, Kind::member_promote};
std::string_view to_text(Kind kind);  // `range`

// Bytes for a path, as they are.
struct Raw {
  std::string path;
  std::string bytes;
};

using Body = std::variant<etcdserverpb::RangeRequest, etcdserverpb::PutRequest, etcdserverpb::DeleteRangeRequest,
                          etcdserverpb::TxnRequest, etcdserverpb::CompactionRequest, etcdserverpb::HashKVRequest, Raw,
                          etcdserverpb::MemberListRequest, etcdserverpb::MemberAddRequest, etcdserverpb::MemberRemoveRequest,
                          etcdserverpb::MemberUpdateRequest, etcdserverpb::MemberPromoteRequest>;

struct Request {
  Kind kind = Kind::range;
  Body body;  // the message of `kind`; both range kinds hold a RangeRequest
  std::vector<std::pair<std::string, std::string>> metadata;

  std::string path() const;
  std::string bytes() const;
};

Request resolved(Request request, const Known& known);
// One line; long values are cut short.
std::string to_text(const Request& request);

using AnswerBody = std::variant<std::monostate, etcdserverpb::RangeResponse, etcdserverpb::PutResponse,
                                etcdserverpb::DeleteRangeResponse, etcdserverpb::TxnResponse,
                                etcdserverpb::CompactionResponse, etcdserverpb::HashKVResponse,
                                etcdserverpb::MemberListResponse, etcdserverpb::MemberAddResponse, etcdserverpb::MemberRemoveResponse,
                                etcdserverpb::MemberUpdateResponse, etcdserverpb::MemberPromoteResponse>;

struct Answer {
  rpc::Status status;
  AnswerBody body;  // empty in an error

  bool ok() const { return status.code == rpc::StatusCode::ok; }
  template <typename Response>
  const Response* get() const {
    return std::get_if<Response>(&body);
  }
};

// From the messages a call brought. A stream of ranges becomes the one answer that it adds up to. Cluster, member and
// term are other in each server: only whether they are set is kept, as 1.
Answer make_answer(Kind kind, const rpc::Status& status, const std::vector<std::string>& messages);
bool operator==(const Answer& a, const Answer& b);
std::string to_text(const Answer& answer);

}  // namespace property_tests::differential
