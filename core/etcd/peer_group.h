// core/etcd/peer_group.h: with whom this member speaks.
//
// With those of its group, and with two more kinds. Some have left, and must hear of it: they are known until a while after this member
// has applied that. And one that joins or was away reads in its log how the group was, while members lead it that came later: whoever was
// known when the log began, or is told of by another member, is known too, at the addresses of then as well.
//
// A change counts in raft from the moment at which it stands in the log, and nobody moves before it is certain: until then members are
// reached at their URLs of before as well.
//
// Who calls says where it is (core/peer/hello.h), as etcd's members do. Of one that is known that is one more address at which to answer,
// after all others. A stranger does not become known by it: it may be asked who belongs to the group (group_watch.h).
#pragma once

#include <map>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/etcd/group.h"
#include "core/etcd/state_machine.h"
#include "core/peer/member.h"
#include "io/world.h"

namespace etcd {

class PeerGroup final : private io::Timer, private io::EndOfTurn, private peer::HelloListener {
 public:
  // `patience`: how long those who were removed are still known.
  PeerGroup(const io::World& world, peer::Member& member, const StateMachine& machine, base::Duration patience)
      : world_(world), member_(member), machine_(machine), patience_(patience) {}
  ~PeerGroup() { stop(); }

  // Once. Requires: the replica has started.
  void begin(bool hastens_election);
  // The group has changed, or was applied. Requires: the member is running.
  void follow();
  // Another member says who belongs, which this one's log may not tell yet. Likewise.
  void hear(const etcdserverpb::MemberListResponse& list);
  void stop();

  // Those of the group, without this member.
  PeerAddresses others() const;
  // All.
  const PeerAddresses& known() const { return known_; }
  // Who called of late and says that it is of this cluster, without being known.
  PeerAddresses strangers() const;

 private:
  void on_timer() override { follow(); }
  void on_end_of_turn() override;
  void on_addresses_said(base::MemberId from, const std::vector<io::Address>& addresses) override;
  void forget_removed();
  void forget_strangers();
  void find_known();
  void join(bool hastens_election);

  const io::World& world_;
  peer::Member& member_;
  const StateMachine& machine_;
  const base::Duration patience_;
  PeerAddresses last_;   // what the log said last of each, also of those who have left; settled or not
  PeerAddresses first_;  // where the log begins, and what was told
  PeerAddresses said_;   // by each who called, when it called last; of strangers not many
  PeerAddresses known_;  // of the first two all, at the addresses of all three
  std::vector<io::Address> own_;
  bool is_news_due_ = false;  // somebody said something new in this turn
  std::map<base::MemberId, base::Instant> removed_at_;  // of those who are known and were removed: when this member learned of it
};

}  // namespace etcd
