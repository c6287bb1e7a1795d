#include "core/etcd/linearizable_read.h"

#include <utility>

#include "core/base/assert.h"

namespace etcd {

void LinearizableRead::wait(rpc::UnaryCall& call) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  call.on_cancel(*this);
  context_.timeouts.begin(*this);
  context_.replica.read_index(*this);
}

void LinearizableRead::on_readable() { answer(stop_waiting()); }

void LinearizableRead::on_refused(const base::Error& error) {
  stop_waiting().fail(to_status(refusal_of(error)));
  abandoned();
}

void LinearizableRead::on_cancelled() {
  stop_waiting();
  abandoned();
}

// With or without a leader: the question was never answered (behaviour reference §1.4).
void LinearizableRead::on_expired() {
  stop_waiting().fail(to_status(ErrorId::timeout));
  abandoned();
}

rpc::UnaryCall& LinearizableRead::stop_waiting() {
  ASSERT(call_ != nullptr);
  Expiring::unlink();
  replica::ReadWait::unlink();
  return *std::exchange(call_, nullptr);
}

}  // namespace etcd
