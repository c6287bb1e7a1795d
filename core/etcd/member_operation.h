// core/etcd/member_operation.h: one request that changes the membership, from a client or passed on by another member.
//
//   idle -> looking (for a leader) -> deciding (it is this member) -> idle
//                 \-> passed on (it is another one) -> idle, or looking again if it did not lead after all
//
// A request whose fate is unknown is never passed on a second time.
#pragma once

#include <string>

#include "core/api/cluster.pb.h"
#include "core/etcd/leader_question.h"
#include "core/etcd/membership.h"
#include "core/etcd/pool.h"
#include "core/etcd/service_context.h"

namespace etcd {

enum class AskedBy : std::uint8_t {
  client,
  member,  // is told when this one does not lead, and answered with an etcdserverpb.MemberAddResponse whatever it asked
};

class MemberOperation final : private MembershipWait,
                              private LeaderQuestionListener,
                              private Expiring,
                              private rpc::CallCancelled,
                              private io::Timer {
 public:
  MemberOperation(ServiceContext& context, Pool<MemberOperation>& pool)
      : world_(context.world), context_(context), pool_(pool), question_(world_, *this) {}
  ~MemberOperation() { world_.clock.disarm(*this); }

  // Answers the call, now or later, and returns to the pool.
  void start(rpc::UnaryCall& call, MemberChange what, AskedBy asked_by);

 private:
  void on_changed() override;
  void on_change_refused(ErrorId why) override;
  void on_leader_answer(const rpc::Status& status, std::string answer) override;
  void on_leader_not_reached() override;
  void on_expired() override;
  void on_cancelled() override;
  void on_timer() override;

  void look_for_leader();
  void look_again();
  void respond(const etcdserverpb::MemberAddResponse& answer);
  void fail(const rpc::Status& status);
  rpc::UnaryCall& finish();  // back to the pool; the call is the caller's

  const io::World& world_;
  ServiceContext& context_;  // gone when the peers' server goes, and with it calls that still wait
  Pool<MemberOperation>& pool_;
  LeaderQuestion question_;
  rpc::UnaryCall* call_ = nullptr;  // null: idle
  AskedBy asked_by_ = AskedBy::client;
  bool is_looking_ = false;  // between two looks for a leader: nobody has been asked, or who was does not lead
};

}  // namespace etcd
