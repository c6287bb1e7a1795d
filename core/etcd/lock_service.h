// core/etcd/lock_service.h: the service v3lockpb.Lock (behaviour reference §13).
#pragma once

#include <memory>
#include <string>

#include "core/api/lock.pb.h"
#include "core/etcd/local_call.h"
#include "core/etcd/local_handler.h"
#include "core/etcd/pool.h"
#include "core/etcd/queue_recipe.h"
#include "core/etcd/service_context.h"

namespace etcd {

// One Lock: until its caller has the lock, or has gone and his key with him.
class LockOperation final : private rpc::CallCancelled, private QueueRecipeListener {
 public:
  LockOperation(ServiceContext& context, const LocalServices& services, Pool<LockOperation>& pool)
      : context_(context), services_(services), pool_(pool) {}
  void start(rpc::UnaryCall& call, const v3lockpb::LockRequest& request);

 private:
  void on_cancelled() override;
  void on_first() override;
  void on_queue_failed(const rpc::Status& status) override;
  void end();

  ServiceContext& context_;
  const LocalServices& services_;
  Pool<LockOperation>& pool_;
  rpc::UnaryCall* call_ = nullptr;  // null: idle, or the caller has gone
  RememberedCaller caller_;
  std::unique_ptr<QueueRecipe> recipe_;
};

// One Unlock: a plain delete, which finds nothing as gladly.
class UnlockOperation final : private rpc::CallCancelled, private LocalCallListener {
 public:
  UnlockOperation(ServiceContext& context, const LocalServices& services, Pool<UnlockOperation>& pool)
      : services_(services), pool_(pool), question_(context.world, *this) {}
  void start(rpc::UnaryCall& call, const v3lockpb::UnlockRequest& request);

 private:
  void on_cancelled() override;
  void on_local_answer(const rpc::Status& status, std::string_view message) override;

  const LocalServices& services_;
  Pool<UnlockOperation>& pool_;
  rpc::UnaryCall* call_ = nullptr;
  LocalCall question_;
};

class LockService {
 public:
  LockService(ServiceContext& context, const LocalServices& services) : lock_(context, services), unlock_(context, services) {}
  void add_to(rpc::Server& server);

 private:
  LocalHandler<v3lockpb::LockRequest, LockOperation> lock_;
  LocalHandler<v3lockpb::UnlockRequest, UnlockOperation> unlock_;
};

}  // namespace etcd
