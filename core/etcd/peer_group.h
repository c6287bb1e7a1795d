// core/etcd/peer_group.h: with whom this member speaks.
//
// With those of its group, and with two more kinds. Some have left, and must hear of it: they are known until a while after this member
// has applied that. And one that joins or was away reads in its log how the group was, while members lead it that came later: whoever was
// known when the log began, or is told of by another member, is known too, at the addresses of then as well.
#pragma once

#include <map>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/etcd/group.h"
#include "core/etcd/state_machine.h"
#include "core/peer/member.h"
#include "io/world.h"

namespace etcd {

class PeerGroup final : private io::Timer {
 public:
  // `patience`: how long those who were removed are still known.
  PeerGroup(const io::World& world, peer::Member& member, const StateMachine& machine, base::Duration patience)
      : world_(world), member_(member), machine_(machine), patience_(patience) {}
  ~PeerGroup() { world_.clock.disarm(*this); }

  // Once. Requires: the replica has started.
  void begin(bool hastens_election);
  // The group has changed, or was applied. Requires: the member is running.
  void follow();
  // Another member says who belongs, which this one's log may not tell yet. Likewise.
  void hear(const etcdserverpb::MemberListResponse& list);
  void stop() { world_.clock.disarm(*this); }

  // Those of the group, without this member.
  PeerAddresses others() const;
  // All.
  const PeerAddresses& known() const { return known_; }

 private:
  void on_timer() override { follow(); }
  void forget_removed();
  void learn(const PeerAddresses& peers);

  const io::World& world_;
  peer::Member& member_;
  const StateMachine& machine_;
  const base::Duration patience_;
  PeerAddresses first_;  // where the log begins, and what was told
  PeerAddresses known_;
  std::map<base::MemberId, base::Instant> removed_at_;  // of those who are known and were removed: when this member learned of it
};

}  // namespace etcd
