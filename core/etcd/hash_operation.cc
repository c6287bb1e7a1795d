#include "core/etcd/hash_operation.h"

#include <cstdint>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/etcd/answer.h"
#include "storage/mvcc/proto_wire.h"

namespace etcd {

namespace {
// Field numbers of etcdserverpb.HashKVResponse.
constexpr std::uint32_t kHash = 2;
constexpr std::uint32_t kCompactRevision = 3;
constexpr std::uint32_t kHashRevision = 4;

constexpr std::int64_t kNeverCompacted = -1;
}  // namespace

void HashOperation::start(rpc::UnaryCall& call, const etcdserverpb::HashKVRequest& request) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  call.on_cancel(*this);
  generation_ = context_.machine.generation();
  scan_.emplace(context_.machine.scan_hash(request.revision()));
  slices_.add(*this);
}

void HashOperation::run_slice() {
  if (context_.is_stopped) return fail(ErrorId::stopped);
  if (generation_ != context_.machine.generation()) return fail(kStoreReplaced);
  const tl::expected<void, mvcc::RevisionError> prepared = scan_->prepare_slice();
  if (!prepared) {
    return fail(prepared.error() == mvcc::RevisionError::future ? ErrorId::future_rev : ErrorId::compacted);
  }
  const Tuning& tuning = context_.config.tuning;
  const base::Result<bool> done = scan_->run_slice({tuning.range_slice_rows, tuning.range_slice_bytes});
  if (!done) {
    fail(ErrorId::stopped);
    return context_.failure.on_read_failed(done.error());
  }
  if (!*done) return slices_.add(*this);
  answer();
}

void HashOperation::answer() {
  const mvcc::KvHash result = scan_->result();
  std::string response;
  append_header(response, context_.machine.header());
  mvcc::wire::append_int64(response, kHash, result.hash);
  mvcc::wire::append_int64(response, kCompactRevision, result.compacted ? to_signed(*result.compacted) : kNeverCompacted);
  mvcc::wire::append_int64(response, kHashRevision, result.revision);
  finish().respond(response);
}

void HashOperation::fail(ErrorId id) { finish().fail(to_status(id)); }

void HashOperation::on_cancelled() {
  Sliced::unlink();
  finish();
}

rpc::UnaryCall& HashOperation::finish() {
  ASSERT(call_ != nullptr);
  scan_.reset();
  pool_.give_back(*this);
  return *std::exchange(call_, nullptr);
}

}  // namespace etcd
