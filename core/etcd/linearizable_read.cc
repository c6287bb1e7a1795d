#include "core/etcd/linearizable_read.h"

#include <utility>

#include "core/base/assert.h"

namespace etcd {

// --- the wait ---------------------------------------------------------------------------------------

void ReadIndexWait::begin_waiting() {
  ASSERT(!is_waiting_);
  is_waiting_ = true;
  context_.timeouts.begin(*this);
  context_.replica.read_index(*this);
}

void ReadIndexWait::stop_waiting() {
  if (!std::exchange(is_waiting_, false)) return;
  Expiring::unlink();
  replica::ReadWait::unlink();
}

void ReadIndexWait::on_readable() {
  stop_waiting();
  on_read_allowed();
}

void ReadIndexWait::on_refused(const base::Error& error) {
  stop_waiting();
  on_read_refused(refusal_of(error));
}

// With or without a leader: the question was never answered (behaviour reference §1.4).
void ReadIndexWait::on_expired() {
  stop_waiting();
  on_read_refused(ErrorId::timeout);
}

// --- a unary call -----------------------------------------------------------------------------------

void LinearizableRead::wait(rpc::UnaryCall& call) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  call.on_cancel(*this);
  begin_waiting();
}

void LinearizableRead::on_read_allowed() { answer(*std::exchange(call_, nullptr)); }

void LinearizableRead::on_read_refused(ErrorId why) {
  std::exchange(call_, nullptr)->fail(to_status(why));
  abandoned();
}

void LinearizableRead::on_cancelled() {
  stop_waiting();
  call_ = nullptr;
  abandoned();
}

}  // namespace etcd
