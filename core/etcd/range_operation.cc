#include "core/etcd/range_operation.h"

#include <utility>

#include "core/base/assert.h"

namespace etcd {

using etcdserverpb::RangeRequest;

namespace {

constexpr std::size_t kSmallAnswerBytes = 256;  // one key and its header, mostly: without growing in steps

// Header, and a scan that has not yet read anything.
Refusal begin(ServiceContext& context, const RangeRequest& request, RangeScan& scan, std::string& response) {
  scan = RangeScan();
  if (const Refusal refused = scan.begin(context.machine.store(), request)) return refused;
  Header header = context.machine.header();
  header.revision = scan.revision();
  response.clear();
  append_header(response, header);
  return std::nullopt;
}

// False: the call has been answered.
bool run_one_slice(ServiceContext& context, RangeScan& scan, const RangeRequest& request, std::string& response,
                   rpc::UnaryCall& call) {
  const base::Result<Refusal> refused =
      scan.run(context.machine.store(), request, slice_budget(context.config.tuning), response);
  if (!refused) {
    call.fail(to_status(ErrorId::stopped));
    context.failure.on_read_failed(refused.error());
    return false;
  }
  if (*refused) {
    // Overtaken by a compaction. Who names no revision asked for the newest, which is always there: it is read anew, since
    // etcd, which answers in one go, never calls it compacted.
    if (request.revision() <= 0 && !begin(context, request, scan, response)) return true;
    call.fail(to_status(**refused));
    return false;
  }
  if (!scan.is_done()) return true;
  scan.append_totals(response);
  call.respond(response);
  return false;
}

}  // namespace

ScanBudget slice_budget(const Tuning& tuning) {
  return {tuning.range_slice_keys, tuning.range_slice_rows, tuning.range_slice_bytes};
}

// --- at once ----------------------------------------------------------------------------------------

void RangeReader::answer(rpc::UnaryCall& call, RangeRequest& request) {
  RangeScan scan;
  std::string response;
  response.reserve(kSmallAnswerBytes);
  if (const Refusal refused = begin(context_, request, scan, response)) return call.fail(to_status(*refused));
  if (!run_one_slice(context_, scan, request, response, call)) return;
  large_.take(context_, queue_, large_).go_on(call, request, std::move(scan), std::move(response));
}

// --- in slices --------------------------------------------------------------------------------------

void LargeRange::go_on(rpc::UnaryCall& call, RangeRequest& request, RangeScan scan, std::string response) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  request_.Swap(&request);
  scan_ = std::move(scan);
  response_ = std::move(response);
  call.on_cancel(*this);
  queue_.add(*this);
}

void LargeRange::run_slice() {
  ASSERT(call_ != nullptr);
  if (run_one_slice(context_, scan_, request_, response_, *call_)) return queue_.add(*this);
  finish();
}

void LargeRange::on_cancelled() { finish(); }

void LargeRange::finish() {
  Sliced::unlink();
  call_ = nullptr;
  scan_ = RangeScan();
  response_ = std::string();  // with its memory
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
