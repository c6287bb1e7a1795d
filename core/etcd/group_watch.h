// core/etcd/group_watch.h: a member that hears of no leader asks the others what has become of the group.
//
// Whoever was away when it was removed, or had its removal in the log without hearing that it is committed, is sent nothing any more: it
// would wait for a leader for ever (behaviour reference §7.5). And whoever was away while others came does not know them, and turns
// them away even if one of them leads by now. If nobody is left of those whom it knew, it asks those whom it has turned away, where they
// say that they are.
//   looking (each election timeout) -> asking (one after the other, who was removed and who belongs) -> looking
#pragma once

#include <memory>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/etcd/group.h"
#include "core/etcd/leadership.h"
#include "core/etcd/peer_group.h"
#include "core/etcd/peer_question.h"
#include "core/replica/replica.h"
#include "io/world.h"

namespace etcd {

class GroupWatchListener {
 public:
  virtual void on_removed_elsewhere() = 0;  // once
  virtual void on_group_told(const etcdserverpb::MemberListResponse& list) = 0;

 protected:
  ~GroupWatchListener() = default;
};

class GroupWatch final : private io::Timer, private PeerQuestionListener {
 public:
  GroupWatch(const io::World& world, base::Duration interval, const replica::Replica& replica, const Leadership& leadership,
               const PeerGroup& group, GroupWatchListener& listener);
  ~GroupWatch() { stop(); }

  void start();
  void stop();  // for good
  // The group in the log has changed: if it goes on without this member, that is no reason to wait.
  void follow();

 private:
  void on_timer() override;
  void on_peer_answer(PeerQuestion& question, std::optional<std::string> answer) override;
  void ask_next();
  void ask(std::string_view path);
  bool is_in_group() const;

  const io::World& world_;
  const base::Duration interval_;
  const replica::Replica& replica_;
  const Leadership& leadership_;
  const PeerGroup& group_;
  GroupWatchListener& listener_;
  bool is_stopped_ = false;
  bool was_led_ = true;  // when it looked last
  bool was_in_group_ = false;
  std::vector<std::vector<io::Address>> to_ask_;  // from the last
  bool asks_members_ = false;                     // after who was removed
  std::unique_ptr<PeerQuestion> question_;
};

}  // namespace etcd
