#include "core/etcd/keep_alive.h"

#include <optional>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/etcd/parse.h"
#include "storage/mvcc/proto_wire.h"

namespace etcd {

namespace {
constexpr std::size_t kWaitingMax = 256;                    // beyond it nothing more is received
constexpr std::size_t kUntakenBytesMax = 64U << 10U;        // a client that leaves this much gets nothing new
constexpr std::uint32_t kKeptId = 2, kKeptTtl = 3;          // etcdserverpb.LeaseKeepAliveResponse
}  // namespace

rpc::StreamReceiver* KeepAliveHandler::open(rpc::StreamCall& call) {
  const ServiceContext& context = context_.context;
  const std::optional<ErrorId> refused = context.is_learner ? std::optional(ErrorId::not_supported_for_learner) : check_gates(context, call);
  if (refused) {
    call.finish(to_status(*refused));
    return nullptr;
  }
  KeepAliveOperation& operation = operations_.take(context_, operations_);
  operation.start(call, streams_);
  return &operation;
}

void KeepAliveOperation::start(rpc::StreamCall& call, LedStreams& streams) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  waiting_.clear();
  is_paused_ = is_half_closed_ = is_asking_ = false;
  if (call.metadata("hasleader") == "true") streams.add(*this);
}

void KeepAliveOperation::on_message(std::string_view message) {
  etcdserverpb::LeaseKeepAliveRequest request;
  if (!parse(request, message)) return finish(to_status(ErrorId::unmarshal_failed));
  waiting_.push_back(request.id());
  if (waiting_.size() > kWaitingMax && !std::exchange(is_paused_, true)) call_->pause_receiving(true);
  run();
}

void KeepAliveOperation::on_half_close() {
  is_half_closed_ = true;
  run();
}

// An answer may come within ask(): then this loop goes on, and not another one above it.
void KeepAliveOperation::run() {
  if (std::exchange(is_running_, true)) return;
  while (call_ != nullptr && !is_asking_ && !waiting_.empty() && call_->queued_bytes() < kUntakenBytesMax) {
    etcdserverpb::LeaseTimeToLiveRequest request;
    request.set_id(waiting_.front());
    waiting_.pop_front();
    if (waiting_.size() < kWaitingMax && std::exchange(is_paused_, false)) call_->pause_receiving(false);
    is_asking_ = true;
    header_ = context_.machine.header();
    ask(Kind::renew, By::client, request);
  }
  is_running_ = false;
  if (call_ != nullptr && is_half_closed_ && !is_asking_ && waiting_.empty()) finish({});
}

void KeepAliveOperation::on_lease_answer(const etcdserverpb::LeaseTimeToLiveResponse& answer) {
  is_asking_ = false;
  std::string response;
  append_header(response, header_);
  mvcc::wire::append_int64(response, kKeptId, answer.id());
  mvcc::wire::append_int64(response, kKeptTtl, answer.ttl());
  call_->send(response);
  run();
}

void KeepAliveOperation::on_cancelled() { end(); }

void KeepAliveOperation::finish(const rpc::Status& status) { end().finish(status); }

rpc::StreamCall& KeepAliveOperation::end() {
  LeaseQuestion::stop();
  LedStream::unlink();
  pool_.give_back(*this);
  return *std::exchange(call_, nullptr);
}

}  // namespace etcd
