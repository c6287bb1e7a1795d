#include "core/etcd/compact_operation.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/answer.h"
#include "core/etcd/command.h"

namespace etcd {

namespace {

bool is_ok(std::string_view answer) { return answer.front() == static_cast<char>(rpc::StatusCode::ok); }

bool says_compacted(std::string_view answer) {
  std::string compacted;
  append_error(compacted, ErrorId::compacted);
  return answer == compacted;
}

}  // namespace

void CompactOperation::start(rpc::UnaryCall& call, const etcdserverpb::CompactionRequest& request) {
  is_physical_ = request.physical();
  propose(call, encode_command(CommandKind::compact, request));
}

void CompactOperation::applied(rpc::UnaryCall& call, std::string answer) {
  // A negative revision is called compacted in a store that never was, where there is nothing to wait for.
  const bool waits = is_physical_ && (is_ok(answer) || says_compacted(answer)) && context_.machine.store().compacted();
  if (waits) return removal_.begin(call, std::move(answer));
  pool_.give_back(*this);
  respond(call, answer);
}

void CompactOperation::Removal::begin(rpc::UnaryCall& call, std::string answer) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  answer_ = std::move(answer);
  call.on_cancel(*this);
  operation_.context_.machine.wait_for_removal(*this);
}

void CompactOperation::Removal::on_removed() {
  rpc::UnaryCall& call = *std::exchange(call_, nullptr);
  if (is_ok(answer_)) {  // the revision may have risen meanwhile, and etcd names the newest
    answer_.clear();
    begin_ok(answer_);
    append_header(answer_, operation_.context_.machine.header());
  }
  respond(call, answer_);
  operation_.pool_.give_back(operation_);
}

void CompactOperation::Removal::on_cancelled() {
  RemovalWait::unlink();
  call_ = nullptr;
  operation_.pool_.give_back(operation_);
}

}  // namespace etcd
