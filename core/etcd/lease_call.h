// core/etcd/lease_call.h: a question about a lease that is one call: TimeToLive of a client, and whatever another member passes on.
#pragma once

#include "core/etcd/lease_question.h"
#include "core/etcd/pool.h"

namespace etcd {

class LeaseCall final : private LeaseQuestion, private rpc::CallCancelled {
 public:
  LeaseCall(LeaseContext& context, Pool<LeaseCall>& pool) : LeaseQuestion(context), pool_(pool) {}

  // Answers, now or later, and returns to the pool. A member is answered without a header, and sealed.
  void start(rpc::UnaryCall& call, Kind kind, By by, const etcdserverpb::LeaseTimeToLiveRequest& request);

  using LeaseQuestion::By;
  using LeaseQuestion::Kind;

 private:
  void on_lease_answer(const etcdserverpb::LeaseTimeToLiveResponse& answer) override;
  void on_lease_refused(ErrorId why) override;
  void on_cancelled() override;
  rpc::UnaryCall& finish();  // back to the pool; the call is the caller's

  Pool<LeaseCall>& pool_;
  rpc::UnaryCall* call_ = nullptr;  // null: idle
  Kind kind_ = Kind::renew;
  By by_ = By::client;
};

}  // namespace etcd
