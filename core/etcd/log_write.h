// core/etcd/log_write.h: one call whose command goes through the log.
//   idle -> proposed -> idle: applied, refused, expired, or the client went away
//
// What becomes of the answer is the derived operation's matter.
#pragma once

#include <string>
#include <string_view>

#include "core/etcd/service_context.h"

namespace etcd {

class LogWrite : private replica::Proposal, private rpc::CallCancelled, private Expiring {
 protected:
  explicit LogWrite(ServiceContext& context) : context_(context) {}
  ~LogWrite() = default;

  // Then exactly one applied() or abandoned(), now or later.
  void propose(rpc::UnaryCall& call, std::string_view command);

  // `answer` as the state machine gave it (answer.h). Idle again when called.
  virtual void applied(rpc::UnaryCall& call, std::string answer) = 0;
  virtual void abandoned() = 0;  // the call was answered or is gone

  ServiceContext& context_;

 private:
  void on_applied(std::string response) override;
  void on_refused(const base::Error& error) override;
  void on_cancelled() override;
  void on_expired() override;
  rpc::UnaryCall& stop_waiting();
  void refuse(ErrorId id);

  rpc::UnaryCall* call_ = nullptr;  // null: idle
  bool began_without_leader_ = false;
};

}  // namespace etcd
