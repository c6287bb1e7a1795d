#include "core/etcd/leadership.h"

namespace etcd {

void Leadership::on_leader(base::MemberId leader, base::Instant now) {
  leader_ = leader;
  if (leader == base::MemberId::none) return;
  elected_at_ = now;
  has_seen_one_ = true;
  base::IntrusiveList<LeaderWait> told;
  told.take_all(waiting_);
  while (!told.is_empty()) told.pop_front().on_new_leader(leader);
}

bool Leadership::may_have_lost(base::Instant began, base::Duration election_timeout) const {
  return has_seen_one_ && began < elected_at_ && elected_at_ - began < 2 * election_timeout;
}

}  // namespace etcd
