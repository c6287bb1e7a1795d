#include "core/etcd/lease_call.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/member_list.h"
#include "core/etcd/sealed.h"

namespace etcd {

void LeaseCall::start(rpc::UnaryCall& call, Kind kind, By by, const etcdserverpb::LeaseTimeToLiveRequest& request) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  kind_ = kind;
  by_ = by;
  call.on_cancel(*this);
  ask(kind, by, request);
}

void LeaseCall::on_lease_answer(const etcdserverpb::LeaseTimeToLiveResponse& answer) {
  if (by_ == By::member) {
    const std::string_view path = kind_ == Kind::renew ? kPeerRenewPath : kPeerTimeToLivePath;
    return finish().respond(seal(answer.SerializeAsString(), path));
  }
  etcdserverpb::LeaseTimeToLiveResponse response = answer;
  fill_header(context_.machine, *response.mutable_header());
  response.mutable_header()->set_revision(mvcc::to_signed(context_.machine.store().current()));
  finish().respond(response.SerializeAsString());
}

void LeaseCall::on_lease_refused(ErrorId why) { finish().fail(to_status(why)); }

void LeaseCall::on_cancelled() {
  stop();
  finish();
}

rpc::UnaryCall& LeaseCall::finish() {
  pool_.give_back(*this);
  return *std::exchange(call_, nullptr);
}

}  // namespace etcd
