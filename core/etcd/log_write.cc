#include "core/etcd/log_write.h"

#include <utility>

#include "core/base/assert.h"

namespace etcd {

void LogWrite::propose(rpc::UnaryCall& call, std::string_view command) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  // The order of etcd: backlog, size, proposal (behaviour reference §2.1, gate 6b).
  if (base::Status open = context_.replica.gate(); !open) return refuse(refusal_of(open.error()));
  if (replica::Replica::record_overhead_bytes({}) + command.size() > context_.config.max_request_bytes) {
    return refuse(ErrorId::request_too_large);
  }
  const base::Status proposed = context_.replica.propose(command, {}, 0, *this);
  if (!proposed) return refuse(refusal_of(proposed.error()));
  began_without_leader_ = context_.leadership.leader() == base::MemberId::none;
  call.on_cancel(*this);
  context_.timeouts.begin(*this);
}

void LogWrite::on_applied(std::string response) { applied(stop_waiting(), std::move(response)); }

void LogWrite::on_refused(const base::Error& error) { refuse(refusal_of(error)); }

void LogWrite::on_cancelled() {
  context_.replica.abandon(*this);
  stop_waiting();
  abandoned();
}

void LogWrite::on_expired() {
  context_.replica.abandon(*this);
  // A proposal that never found a leader ends like any call past its deadline (§1.4).
  const bool found_no_leader = began_without_leader_ && context_.leadership.leader() == base::MemberId::none;
  const base::Instant began{expires_at.since_start() - context_.config.request_timeout()};
  refuse(found_no_leader ? ErrorId::context_deadline_exceeded : write_timeout(context_, began));
}

void LogWrite::refuse(ErrorId id) {
  stop_waiting().fail(to_status(id));
  abandoned();
}

rpc::UnaryCall& LogWrite::stop_waiting() {
  ASSERT(call_ != nullptr);
  Expiring::unlink();
  return *std::exchange(call_, nullptr);
}

}  // namespace etcd
