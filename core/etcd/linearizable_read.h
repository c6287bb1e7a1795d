// core/etcd/linearizable_read.h: one read that waits until this member has applied all that it must see.
//   idle -> waiting -> idle: readable, refused, expired, or the client went away
//
// What is read then is the derived operation's matter.
#pragma once

#include "core/etcd/service_context.h"

namespace etcd {

// The wait alone, for any kind of call.
class ReadIndexWait : private replica::ReadWait, private Expiring {
 protected:
  explicit ReadIndexWait(ServiceContext& context) : context_(context) {}
  ~ReadIndexWait() = default;

  // Then exactly one of the two below, on a later turn or at the end of this one, unless it was stopped.
  void begin_waiting();
  void stop_waiting();  // no effect when idle

  virtual void on_read_allowed() = 0;             // idle again when called
  virtual void on_read_refused(ErrorId why) = 0;  // likewise

  ServiceContext& context_;

 private:
  void on_readable() final;
  void on_refused(const base::Error& error) final;
  void on_expired() final;

  bool is_waiting_ = false;
};

// The same for a unary call.
class LinearizableRead : private ReadIndexWait, private rpc::CallCancelled {
 protected:
  explicit LinearizableRead(ServiceContext& context) : ReadIndexWait(context) {}
  ~LinearizableRead() = default;

  // Then exactly one answer() or abandoned(), on a later turn or at the end of this one.
  void wait(rpc::UnaryCall& call);

  virtual void answer(rpc::UnaryCall& call) = 0;  // idle again when called
  virtual void abandoned() = 0;                   // the call was answered or is gone

  using ReadIndexWait::context_;

 private:
  void on_read_allowed() final;
  void on_read_refused(ErrorId why) final;
  void on_cancelled() final;

  rpc::UnaryCall* call_ = nullptr;  // null: idle
};

}  // namespace etcd
