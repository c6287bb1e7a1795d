// core/etcd/membership.h: changes of the membership at the member that leads: checked, proposed, one after the other.
//
//   queued -> proposed -> done
//
// Consensus takes one change at a time; the others wait here for their turn. Whoever loses leadership refuses what it has not
// proposed, and goes on looking whether what it has proposed comes true under the next leader.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/etcd/config.h"
#include "core/etcd/member_change.h"
#include "core/etcd/state_machine.h"
#include "core/peer/transport.h"
#include "core/replica/replica.h"
#include "io/world.h"

namespace etcd {

// Embedded in whoever waits. To stop waiting: MembershipWait::unlink(); a change that was proposed goes on.
class MembershipWait : public base::ListNode<MembershipWait> {
 public:
  // Exactly one of these, on a turn of its own; no longer waiting when called.
  virtual void on_changed() = 0;
  // Certainly without effect, unless the member is stopping. not_leader: ask another.
  virtual void on_change_refused(ErrorId why) = 0;

  MemberChange change;

 protected:
  ~MembershipWait() = default;
};

class Membership final : private io::EndOfTurn, private io::Timer {
 public:
  // `links` is null where there can be no others.
  Membership(const io::World& world, const ServerConfig& config, replica::Replica& replica, const StateMachine& machine,
             const peer::Transport* links);
  ~Membership();

  // Requires: MembershipWait::change is set and validate() had nothing against it; of add the id is this member's to give.
  void submit(MembershipWait& wait);

  // Something has changed: who leads, or the group. Also within a call of the replica's.
  void look();
  // Whoever waits is refused. For good.
  void stop();

  GroupFacts facts() const;

 private:
  void on_end_of_turn() override;
  void on_timer() override { look(); }
  void tell_done();
  void propose_next();
  bool has_come_true(const MemberChange& change) const;

  const io::World& world_;
  const ServerConfig& config_;
  replica::Replica& replica_;
  const StateMachine& machine_;
  const peer::Transport* const links_;
  base::IntrusiveList<MembershipWait> queued_;
  base::IntrusiveList<MembershipWait> proposed_;
  bool is_look_due_ = false;
  bool is_stopped_ = false;
};

}  // namespace etcd
