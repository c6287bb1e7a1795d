#include "core/etcd/move_leader_operation.h"

#include <utility>

#include "core/base/assert.h"

namespace etcd {

void MoveLeaderOperation::start(rpc::UnaryCall& call, base::MemberId target) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  target_ = target;
  const base::MemberId self = context_.replica.identity().member;
  if (context_.leadership.leader() != self) return fail(ErrorId::not_leader);
  const raft::Member* member = context_.replica.configuration().find(target);
  if (member == nullptr || member->is_learner) return fail(ErrorId::bad_leader_transferee);
  if (target == self) return finish().respond(etcdserverpb::MoveLeaderResponse().SerializeAsString());
  call.on_cancel(*this);
  context_.timeouts.begin(*this);
  context_.leadership.wait(*this);
  context_.replica.transfer_leadership(target);
}

// Somebody else may have won meanwhile, and may hand over in turn.
void MoveLeaderOperation::on_new_leader(base::MemberId leader) {
  if (leader != target_) return context_.leadership.wait(*this);
  finish().respond(etcdserverpb::MoveLeaderResponse().SerializeAsString());
}

void MoveLeaderOperation::on_expired() { fail(ErrorId::leader_transfer_too_long); }

void MoveLeaderOperation::on_cancelled() { finish(); }

void MoveLeaderOperation::fail(ErrorId id) { finish().fail(to_status(id)); }

rpc::UnaryCall& MoveLeaderOperation::finish() {
  LeaderWait::unlink();
  Expiring::unlink();
  pool_.give_back(*this);
  return *std::exchange(call_, nullptr);
}

}  // namespace etcd
