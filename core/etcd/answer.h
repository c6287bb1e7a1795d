// core/etcd/answer.h: answers of the state machine, and the answers' headers.
//
// The replica hands bytes from apply to whoever waits: a gRPC status code, then the error text or the response
// as it goes on the wire. Responses are put together by hand where they hold records of the store, which are
// spliced in as they are (storage/mvcc/record.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/etcd/errors.h"
#include "core/rpc/server.h"
#include "storage/mvcc/revision.h"

namespace etcd {

struct Header {
  base::ClusterId cluster;
  base::MemberId member;
  mvcc::Revision revision;  // 0 where etcd leaves it out (behaviour reference §2.6)
  base::Term term;          // of the last applied entry
  friend bool operator==(const Header&, const Header&) = default;
};

// etcdserverpb.ResponseHeader as field 1, which it is in every response.
void append_header(std::string& out, const Header& header);

// An answer begins with one of these.
void begin_ok(std::string& answer);
void append_error(std::string& answer, ErrorId id);
// Gives the answer to the client.
void respond(rpc::UnaryCall& call, std::string_view answer);

}  // namespace etcd
