// core/etcd/write_operation.h: one write on its way through the log.
//   idle -> proposed -> idle: applied, refused, expired, or the client went away
#pragma once

#include <string>
#include <string_view>

#include "core/etcd/pool.h"
#include "core/etcd/service_context.h"

namespace etcd {

class WriteOperation final : private replica::Proposal, private rpc::CallCancelled, private Expiring {
 public:
  WriteOperation(ServiceContext& context, Pool<WriteOperation>& pool) : context_(context), pool_(pool) {}

  // Answers the call, now or later, and returns to the pool.
  void start(rpc::UnaryCall& call, std::string_view command);

 private:
  void on_applied(std::string response) override;
  void on_refused(const base::Error& error) override;
  void on_cancelled() override;
  void on_expired() override;
  rpc::UnaryCall& finish();  // back to the pool; the call is the caller's

  ServiceContext& context_;
  Pool<WriteOperation>& pool_;
  rpc::UnaryCall* call_ = nullptr;  // null: idle
  bool began_without_leader_ = false;
};

}  // namespace etcd
