// core/replica/transport.h: how the replicas of one group reach each other, as far as a replica cares.
//
// Messages may be lost, come twice, late or out of order; raft provides for that, but for a ForwardedProposal, which never comes
// twice. What is sent to one member is bounded: who is slow or away loses messages, and nobody waits.
#pragma once

#include <memory>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/raft/message.h"
#include "core/replica/snapshot.h"

namespace replica {

// On turns of their own.
class TransportListener {
 public:
  // `from` is a member that the transport was told of, not this one. The message is as message.h says: ids that follow each other,
  // entries of kind configuration that can be decoded.
  virtual void on_message(base::MemberId from, raft::Message message) = 0;
  // What was sent there lately may be lost.
  virtual void on_unreachable(base::MemberId peer) = 0;
  // How send_snapshot() ended; its source is gone. No error: the other side has all of it, durably, and what raft there made of it
  // raft says itself. An error that is `overloaded`, `io` or `damaged` is the source's, `unavailable` or `invalid` is the link's or the
  // other side's.
  virtual void on_snapshot_over(base::MemberId peer, base::Status status) = 0;
  // A member has a snapshot for this one. Null: not now. The sink is gone when all has come and end() was told, or when that will
  // not happen any more.
  virtual std::unique_ptr<SnapshotSink> on_snapshot_offered(base::MemberId from, const raft::Snapshot& snapshot) = 0;

 protected:
  ~TransportListener() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Once, before anything is sent. Nothing arrives earlier. The listener outlives the transport, or stop() comes first.
  virtual void start(TransportListener& listener) = 0;
  // Leaves with everything else that is sent in this turn; a member that the transport does not know gets nothing. Not a
  // raft::Snapshot.
  virtual void send(base::MemberId to, raft::Message message) = 0;
  // The state that `source` holds, on a way of its own and as fast as the other side takes it. on_snapshot_over() follows on a later
  // turn, unless it is cancelled or everything is stopped. Requires: none is on its way there.
  virtual void send_snapshot(base::MemberId to, const raft::Snapshot& snapshot, std::unique_ptr<SnapshotSource> source) = 0;
  // The source is gone when this returns, and nothing more is heard of it. Of no effect if none is on its way.
  virtual void cancel_snapshot(base::MemberId to) = 0;
  // Nothing leaves and nothing arrives any more.
  virtual void stop() = 0;
};

}  // namespace replica
