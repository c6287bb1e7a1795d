#include "core/etcd/range_operation.h"

#include <utility>

#include "core/base/assert.h"
#include "core/base/release.h"
#include "storage/mvcc/overtaken.h"

namespace etcd {

using etcdserverpb::RangeRequest;

namespace {

constexpr std::size_t kSmallAnswerBytes = 256;  // one key and its header, mostly: without growing in steps

ScanBudget slice_budget(const Tuning& tuning, unsigned begun_count) {
  const std::uint64_t factor = mvcc::overtaken_factor(begun_count);
  const ScanBudget first = slice_budget(tuning);
  return {first.keys * factor, first.rows * factor, first.bytes * factor};
}

// Begins another part when the last one is large enough.
void make_room(RangeAnswer& answer, std::uint64_t part_bytes) {
  if (answer.last.size() < part_bytes) return;
  answer.parts_bytes += answer.last.size();
  answer.parts.push_back(std::exchange(answer.last, {}));
  answer.last.reserve(part_bytes + part_bytes / 4);  // a slice may go beyond
}

// Header, and a scan that has not yet read anything.
Refusal begin(ServiceContext& context, const RangeRequest& request, RangeScan& scan, RangeAnswer& answer) {
  scan = RangeScan();
  if (const Refusal refused = scan.begin(context.machine.store(), request)) return refused;
  Header header = context.machine.header();
  header.revision = scan.revision();
  answer.parts.clear();
  answer.parts_bytes = 0;
  answer.last.clear();
  answer.generation = context.machine.generation();
  ++answer.begun_count;
  append_header(answer.last, header);
  return std::nullopt;
}

// Appends what one slice finds. False: the call has been refused.
bool run_one_slice(ServiceContext& context, RangeScan& scan, const RangeRequest& request, RangeAnswer& answer,
                   rpc::UnaryCall& call) {
  if (answer.generation != context.machine.generation()) {
    call.fail(to_status(kStoreReplaced));
    return false;
  }
  make_room(answer, context.config.tuning.range_part_bytes);
  const base::Result<Refusal> refused =
      scan.run(context.machine.store(), request, slice_budget(context.config.tuning, answer.begun_count), answer.last);
  if (!refused) {
    call.fail(to_status(ErrorId::stopped));
    context.failure.on_read_failed(refused.error());
    return false;
  }
  if (*refused) {
    // Overtaken by a compaction. Who names no revision asked for the newest, which is always there: it is read anew, since
    // etcd, which answers in one go, never calls it compacted.
    if (request.revision() <= 0 && !begin(context, request, scan, answer)) return true;
    call.fail(to_status(**refused));
    return false;
  }
  if (scan.is_done()) scan.append_totals(answer.last);
  // Known as soon as it is certain, and not when memory is full of it.
  const std::size_t size = answer.parts_bytes + answer.last.size();
  if (size <= rpc::kSendBytesMax) return true;
  call.fail(rpc::too_large_to_send(size));
  return false;
}

}  // namespace

ScanBudget slice_budget(const Tuning& tuning) {
  return {tuning.range_slice_keys, tuning.range_slice_rows, tuning.range_slice_bytes};
}

// --- at once ----------------------------------------------------------------------------------------

void RangeReader::answer(rpc::UnaryCall& call, RangeRequest& request) {
  RangeScan scan;
  RangeAnswer answer;
  answer.last.reserve(kSmallAnswerBytes);
  if (const Refusal refused = begin(context_, request, scan, answer)) return call.fail(to_status(*refused));
  if (!run_one_slice(context_, scan, request, answer, call)) return;
  if (scan.is_done()) return call.respond(answer.last);
  large_.take(context_, queue_, large_).go_on(call, request, std::move(scan), std::move(answer));
}

// --- in slices --------------------------------------------------------------------------------------

void LargeRange::go_on(rpc::UnaryCall& call, RangeRequest& request, RangeScan scan, RangeAnswer answer) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  request_.Swap(&request);
  scan_ = std::move(scan);
  answer_ = std::move(answer);
  call.on_cancel(*this);
  queue_.add(*this);
}

void LargeRange::run_slice() {
  ASSERT(call_ != nullptr);
  if (!run_one_slice(context_, scan_, request_, answer_, *call_)) return finish();
  if (!scan_.is_done()) return queue_.add(*this);
  answer_.parts.push_back(std::move(answer_.last));
  call_->respond(std::move(answer_.parts));
  finish();
}

void LargeRange::on_cancelled() { finish(); }

void LargeRange::finish() {
  Sliced::unlink();
  call_ = nullptr;
  scan_ = RangeScan();
  base::release(answer_.parts);
  base::release(answer_.last);
  answer_ = RangeAnswer();
  pool_.give_back(*this);
}

// --- after a read index -----------------------------------------------------------------------------

void RangeOperation::start(rpc::UnaryCall& call, RangeRequest& request) {
  request_.Swap(&request);
  wait(call);
}

void RangeOperation::answer(rpc::UnaryCall& call) {
  reader_.answer(call, request_);
  pool_.give_back(*this);
}

}  // namespace etcd
