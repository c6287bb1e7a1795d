// core/replica/outgoing_snapshots.h: the snapshots that this member, who leads, has on their way to others.
//
// Raft asks for one when the log no longer has what a member needs, and hears of every one that it is over: at once when it has
// arrived, on the next tick when it did not come to anything. Then it looks again at what the member needs.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/raft/raft.h"
#include "core/replica/state_machine.h"
#include "core/replica/transport.h"
#include "io/world.h"

namespace replica {

class OutgoingSnapshots {
 public:
  // `transport` may be null where there is nobody to send to. At most `count_max` are being read at a time: what was sent whole takes no
  // place while the other side installs it.
  OutgoingSnapshots(const io::World& world, StateMachine& machine, Transport* transport, std::size_t count_max);

  // Raft wants `to` to have one. An error is the disk's: the member must stop.
  base::Status begin(base::MemberId to, const raft::Raft& raft);
  // How the transport says that one ended. True: it has arrived, and raft wants to know. An error as above.
  base::Result<bool> on_over(base::MemberId to, const base::Status& status);
  // Who did not get one, of whom raft has not heard yet.
  std::vector<base::MemberId> take_failed();
  // Only a leader sends them, and only to members of its group.
  void cancel_needless(const raft::Raft& raft);

  // The least of what the members that are getting one will have.
  std::optional<base::LogIndex> oldest() const;

 private:
  const io::World& world_;
  StateMachine& machine_;
  Transport* const transport_;
  const std::size_t count_max_;
  std::map<base::MemberId, base::LogIndex> sent_;  // on their way, and up to where they go
  std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);  // sources that are not read to their end; they may outlive this
  std::vector<base::MemberId> failed_;
};

}  // namespace replica
