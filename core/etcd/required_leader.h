// core/etcd/required_leader.h: streams whose clients want to know when there is no leader (metadata `hasleader: true`; behaviour
// reference §4.7): three looks in a row, one in each election timeout, and they end.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/etcd/service_context.h"
#include "io/clock.h"

namespace etcd {

// To be forgotten: LeaderDemand::unlink().
class LeaderDemand : public base::ListNode<LeaderDemand> {
 public:
  // There has been no leader for too long. Not known here any more when called.
  virtual void on_no_leader() = 0;

 protected:
  ~LeaderDemand() = default;
};

class RequiredLeader final : private io::Timer {
 public:
  explicit RequiredLeader(ServiceContext& context) : context_(context) {}
  ~RequiredLeader();
  // The call has passed the gates, so there is a leader now.
  void add(const rpc::CallContext& call, LeaderDemand& demand);

 private:
  void on_timer() override;
  void arm();

  ServiceContext& context_;
  base::IntrusiveList<LeaderDemand> demands_;
  int looks_without_ = 0;
};

}  // namespace etcd
