// core/etcd/leadership.h: who leads, since when, and who waits for somebody else to do so.
#pragma once

#include "core/base/ids.h"
#include "core/base/intrusive_list.h"
#include "core/base/time.h"

namespace etcd {

// To stop waiting: LeaderWait::unlink().
class LeaderWait : public base::ListNode<LeaderWait> {
 public:
  // Somebody leads who did not before; no longer waiting when called.
  virtual void on_new_leader(base::MemberId leader) = 0;

 protected:
  ~LeaderWait() = default;
};

class Leadership {
 public:
  base::MemberId leader() const { return leader_; }  // none while unknown

  void on_leader(base::MemberId leader, base::Instant now);
  void wait(LeaderWait& waiting) { waiting_.push_back(waiting); }

  // A request that began then may have been lost with the leader before this one: it began within two election timeouts before this
  // member saw a new leader (behaviour reference §1.2, TimeoutDueToLeaderFail).
  bool may_have_lost(base::Instant began, base::Duration election_timeout) const;

 private:
  base::MemberId leader_;
  base::Instant elected_at_;  // of the last leader that was seen
  bool has_seen_one_ = false;
  base::IntrusiveList<LeaderWait> waiting_;
};

}  // namespace etcd
