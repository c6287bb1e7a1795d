// core/etcd/linearizable_read.h: one read that waits until this member has applied all that it must see.
//   idle -> waiting -> idle: readable, refused, expired, or the client went away
//
// What is read then is the derived operation's matter.
#pragma once

#include "core/etcd/service_context.h"

namespace etcd {

class LinearizableRead : private replica::ReadWait, private rpc::CallCancelled, private Expiring {
 protected:
  explicit LinearizableRead(ServiceContext& context) : context_(context) {}
  ~LinearizableRead() = default;

  // Then exactly one answer() or abandoned(), on a later turn or at the end of this one.
  void wait(rpc::UnaryCall& call);

  virtual void answer(rpc::UnaryCall& call) = 0;  // idle again when called
  virtual void abandoned() = 0;                   // the call was answered or is gone

  ServiceContext& context_;

 private:
  void on_readable() override;
  void on_refused(const base::Error& error) override;
  void on_cancelled() override;
  void on_expired() override;
  rpc::UnaryCall& stop_waiting();

  rpc::UnaryCall* call_ = nullptr;  // null: idle
};

}  // namespace etcd
