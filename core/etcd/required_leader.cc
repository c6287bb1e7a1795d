#include "core/etcd/required_leader.h"

#include "core/base/mark.h"

namespace etcd {

namespace {
constexpr int kLooksWithoutMax = 3;
}

RequiredLeader::~RequiredLeader() { context_.world.clock.disarm(*this); }

void RequiredLeader::add(const rpc::CallContext& call, LeaderDemand& demand) {
  if (call.metadata("hasleader") != "true") return;
  demands_.push_back(demand);
  if (!is_armed()) arm();
}

void RequiredLeader::arm() { context_.world.clock.arm(*this, context_.world.clock.now() + context_.config.election_timeout); }

void RequiredLeader::on_timer() {
  looks_without_ = context_.leadership.leader() == base::MemberId::none ? looks_without_ + 1 : 0;
  if (looks_without_ >= kLooksWithoutMax) {
    while (!demands_.is_empty()) {
      context_.world.observer.reached(base::Mark::watch_without_leader);
      demands_.pop_front().on_no_leader();
    }
  }
  if (!demands_.is_empty()) return arm();
  looks_without_ = 0;
}

}  // namespace etcd
