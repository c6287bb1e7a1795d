// core/replica/transport.h: how the replicas of one group reach each other, as far as a replica cares.
//
// Messages may be lost, come twice, late or out of order; raft provides for that, but for a ForwardedProposal, which never comes
// twice. What is sent to one member is bounded: who is slow or away loses messages, and nobody waits.
#pragma once

#include "core/base/ids.h"
#include "core/raft/message.h"

namespace replica {

// On turns of their own.
class TransportListener {
 public:
  // `from` is a member that the transport was told of, not this one. The message is as message.h says: ids that follow each other,
  // entries of kind configuration that can be decoded.
  virtual void on_message(base::MemberId from, raft::Message message) = 0;
  // What was sent there lately may be lost.
  virtual void on_unreachable(base::MemberId peer) = 0;

 protected:
  ~TransportListener() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Once, before anything is sent. Nothing arrives earlier. The listener outlives the transport, or stop() comes first.
  virtual void start(TransportListener& listener) = 0;
  // Leaves with everything else that is sent in this turn; a member that the transport does not know gets nothing.
  virtual void send(base::MemberId to, raft::Message message) = 0;
  // Nothing leaves and nothing arrives any more.
  virtual void stop() = 0;
};

}  // namespace replica
