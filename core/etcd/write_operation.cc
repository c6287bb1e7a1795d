#include "core/etcd/write_operation.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/answer.h"

namespace etcd {

void WriteOperation::start(rpc::UnaryCall& call, std::string_view command) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  // The order of etcd: backlog, size, proposal (behaviour reference §2.1, gate 6b).
  if (base::Status open = context_.replica.gate(); !open) return finish().fail(to_status(refusal_of(open.error())));
  if (replica::Replica::record_overhead_bytes({}) + command.size() > context_.config.max_request_bytes) {
    return finish().fail(to_status(ErrorId::request_too_large));
  }
  const base::Status proposed = context_.replica.propose(command, {}, 0, *this);
  if (!proposed) return finish().fail(to_status(refusal_of(proposed.error())));
  began_without_leader_ = context_.replica.status().leader == base::MemberId::none;
  call.on_cancel(*this);
  context_.timeouts.begin(*this);
}

void WriteOperation::on_applied(std::string response) { respond(finish(), response); }

void WriteOperation::on_refused(const base::Error& error) { finish().fail(to_status(refusal_of(error))); }

void WriteOperation::on_cancelled() {
  context_.replica.abandon(*this);
  finish();
}

void WriteOperation::on_expired() {
  context_.replica.abandon(*this);
  // A proposal that never found a leader ends like any call past its deadline (§1.4).
  const bool found_no_leader = began_without_leader_ && context_.replica.status().leader == base::MemberId::none;
  finish().fail(to_status(found_no_leader ? ErrorId::context_deadline_exceeded : ErrorId::timeout));
}

rpc::UnaryCall& WriteOperation::finish() {
  ASSERT(call_ != nullptr);
  Expiring::unlink();
  rpc::UnaryCall& call = *std::exchange(call_, nullptr);
  pool_.give_back(*this);
  return call;
}

}  // namespace etcd
