#include "core/etcd/answer.h"

#include "core/base/assert.h"
#include "storage/mvcc/proto_wire.h"

namespace etcd {

namespace {
// Field numbers of etcdserverpb.ResponseHeader, and of the header in every response.
constexpr std::uint32_t kHeader = 1;
constexpr std::uint32_t kClusterId = 1;
constexpr std::uint32_t kMemberId = 2;
constexpr std::uint32_t kRevision = 3;
constexpr std::uint32_t kRaftTerm = 4;
}  // namespace

void append_header(std::string& out, const Header& header) {
  std::string fields;  // at most 44 bytes
  mvcc::wire::append_int64(fields, kClusterId, static_cast<std::int64_t>(header.cluster.value()));
  mvcc::wire::append_int64(fields, kMemberId, static_cast<std::int64_t>(header.member.value()));
  mvcc::wire::append_int64(fields, kRevision, to_signed(header.revision));
  mvcc::wire::append_int64(fields, kRaftTerm, static_cast<std::int64_t>(header.term.value()));
  mvcc::wire::append_message(out, kHeader, fields);
}

void begin_ok(std::string& answer) {
  ASSERT(answer.empty());
  answer.push_back(static_cast<char>(rpc::StatusCode::ok));
}

void append_error(std::string& answer, ErrorId id) {
  ASSERT(answer.empty());
  const WireError& error = wire_error(id);
  answer.push_back(static_cast<char>(error.code));
  answer.append(error.text);
}

void respond(rpc::UnaryCall& call, std::string_view answer) {
  ASSERT(!answer.empty());
  const auto code = static_cast<rpc::StatusCode>(answer.front());
  answer.remove_prefix(1);
  if (code == rpc::StatusCode::ok) return call.respond(answer);
  call.fail({code, std::string(answer)});
}

}  // namespace etcd
