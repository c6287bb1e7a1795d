// core/etcd/move_leader_operation.h: Maintenance/MoveLeader (behaviour reference §8.2).
//   idle -> waiting -> idle: the leader is another, it took too long, or the client went away
#pragma once

#include "core/api/maintenance.pb.h"
#include "core/etcd/leadership.h"
#include "core/etcd/pool.h"
#include "core/etcd/service_context.h"

namespace etcd {

class MoveLeaderOperation final : private LeaderWait, private Expiring, private rpc::CallCancelled {
 public:
  MoveLeaderOperation(ServiceContext& context, Pool<MoveLeaderOperation>& pool) : context_(context), pool_(pool) {}

  // Answers the call, now or later, and returns to the pool.
  void start(rpc::UnaryCall& call, base::MemberId target);

 private:
  void on_new_leader(base::MemberId leader) override;
  void on_expired() override;
  void on_cancelled() override;
  void fail(ErrorId id);
  rpc::UnaryCall& finish();  // back to the pool; the call is the caller's

  ServiceContext& context_;
  Pool<MoveLeaderOperation>& pool_;
  rpc::UnaryCall* call_ = nullptr;  // null: idle
  base::MemberId target_;
};

}  // namespace etcd
