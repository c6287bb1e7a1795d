#include "core/etcd/range_stream.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/base/release.h"
#include "core/etcd/parse.h"
#include "core/etcd/range_operation.h"
#include "core/etcd/validation.h"
#include "storage/mvcc/proto_wire.h"

namespace etcd {

using etcdserverpb::RangeRequest;

namespace {

constexpr std::uint32_t kRangeResponse = 1;  // of etcdserverpb.RangeStreamResponse

// As etcd cuts: ten keys at first, then twice or half as many, so that messages come close to the largest request.
constexpr std::uint64_t kFirstChunkKeys = 10;

}  // namespace

std::optional<rpc::Status> validate_stream(const RangeRequest& request) {
  const bool is_in_key_order =
      request.sort_order() == RangeRequest::NONE ||
      (request.sort_order() == RangeRequest::ASCEND && request.sort_target() == RangeRequest::KEY);
  if (!is_in_key_order) {
    return rpc::Status{rpc::StatusCode::unimplemented, "RangeStream does not support custom sort orders"};
  }
  if (request.min_mod_revision() != 0 || request.max_mod_revision() != 0 || request.min_create_revision() != 0 ||
      request.max_create_revision() != 0) {
    return rpc::Status{rpc::StatusCode::unimplemented, "RangeStream does not support revision filters"};
  }
  return std::nullopt;
}

// --- before the first key ---------------------------------------------------------------------------

rpc::StreamReceiver* RangeStreamHandler::open(rpc::StreamCall& call) {
  const std::optional<ErrorId> refused = context_.is_learner ? std::optional(ErrorId::not_supported_for_learner) : check_gates(context_, call);
  if (refused) {
    call.finish(to_status(*refused));
    return nullptr;
  }
  RangeStreamOperation& operation = operations_.take(context_, queue_, operations_);
  operation.start(call);
  return &operation;
}

void RangeStreamOperation::start(rpc::StreamCall& call) {
  ASSERT(call_ == nullptr);
  ASSERT(!has_request_);
  call_ = &call;
}

void RangeStreamOperation::on_message(std::string_view message) {
  if (std::exchange(has_request_, true)) return;  // one request and no more; what else comes means nothing
  if (!parse(request_, message)) return finish(to_status(ErrorId::unmarshal_failed));
  if (const std::optional<ErrorId> refused = validate(request_)) return finish(to_status(*refused));
  if (const std::optional<rpc::Status> refused = validate_stream(request_)) return finish(*refused);
  request_.set_sort_target(RangeRequest::KEY);
  if (request_.serializable()) return begin_sending();
  if (context_.is_stopped) return finish(to_status(ErrorId::stopped));  // since the gates
  begin_waiting();
}

void RangeStreamOperation::on_half_close() {
  if (!has_request_) finish(to_status(ErrorId::unmarshal_failed));
}

void RangeStreamOperation::on_read_allowed() { begin_sending(); }
void RangeStreamOperation::on_read_refused(ErrorId why) { finish(to_status(why)); }

// --- sending ----------------------------------------------------------------------------------------

void RangeStreamOperation::begin_sending() {
  scan_ = RangeScan();
  chunk_.clear();
  chunk_keys_ = 0;
  if (const Refusal refused = scan_.begin(context_.machine.store(), request_)) return finish(to_status(*refused));
  generation_ = context_.machine.generation();
  header_ = context_.machine.header();
  header_.revision = scan_.revision();
  chunk_keys_max_ = kFirstChunkKeys;
  run_slice();
}

bool RangeStreamOperation::is_chunk_full() const {
  return chunk_keys_ >= chunk_keys_max_ || chunk_.size() >= context_.config.max_request_bytes;
}

void RangeStreamOperation::run_slice() {
  ASSERT(call_ != nullptr);
  if (call_->queued_bytes() >= context_.config.tuning.stream_queued_bytes_max) {
    waits_for_room_ = true;  // on_room() goes on
    return;
  }
  if (generation_ != context_.machine.generation()) {
    context_.world.observer.reached(base::Mark::range_lost_store);
    return finish(to_status(kStoreReplaced));
  }
  // Sent only now that more follows: the last keys go with the last message.
  if (is_chunk_full()) send_chunk();
  ScanBudget budget = slice_budget(context_.config.tuning);
  budget.rows = std::min(budget.rows, chunk_keys_max_ - chunk_keys_);
  budget.bytes = std::min<std::uint64_t>(budget.bytes, context_.config.max_request_bytes - chunk_.size());
  const std::uint64_t appended = scan_.appended();
  const base::Result<Refusal> refused = scan_.run(context_.machine.store(), request_, budget, chunk_);
  if (!refused) {
    ReadFailure& failure = context_.failure;
    finish(to_status(ErrorId::stopped));
    return failure.on_read_failed(refused.error());
  }
  // Overtaken by a compaction before the client has anything: whoever named no revision wants the newest, which is always there.
  if (*refused && request_.revision() <= 0 && !has_sent_) {
    context_.world.observer.reached(base::Mark::range_overtaken);
    return begin_sending();
  }
  if (*refused) return finish(to_status(**refused));
  chunk_keys_ += scan_.appended() - appended;
  if (scan_.is_done()) return send_last();
  queue_.add(*this);
}

void RangeStreamOperation::on_room() {
  if (std::exchange(waits_for_room_, false)) run_slice();
}

void RangeStreamOperation::send_chunk() {
  std::string message;
  message.reserve(chunk_.size() + 16);
  mvcc::wire::append_message(message, kRangeResponse, chunk_);
  const std::uint64_t target = context_.config.max_request_bytes;
  if (message.size() < target / 2) {
    chunk_keys_max_ = chunk_keys_ * 2;
  } else if (message.size() > target * 2) {
    chunk_keys_max_ = std::max<std::uint64_t>(chunk_keys_ / 2, 1);
  }
  chunk_.clear();
  chunk_keys_ = 0;
  has_sent_ = true;
  call_->send(message);
}

void RangeStreamOperation::send_last() {
  std::string response;
  append_header(response, header_);
  response.append(chunk_);
  scan_.append_totals(response);
  std::string message;
  mvcc::wire::append_message(message, kRangeResponse, response);
  call_->send(message);
  finish({});
}

// --- the end ----------------------------------------------------------------------------------------

void RangeStreamOperation::finish(const rpc::Status& status) {
  call_->finish(status);
  reset();
}

void RangeStreamOperation::on_cancelled() { reset(); }

void RangeStreamOperation::reset() {
  stop_waiting();
  Sliced::unlink();
  call_ = nullptr;
  has_request_ = false;
  waits_for_room_ = false;
  has_sent_ = false;
  request_.Clear();
  scan_ = RangeScan();
  base::release(chunk_);
  chunk_keys_ = 0;
  pool_.give_back(*this);
}

}  // namespace etcd
