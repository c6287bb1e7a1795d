// core/etcd/service_context.h: what every service of a member works with.
#pragma once

#include <optional>

#include "core/etcd/config.h"
#include "core/etcd/errors.h"
#include "core/etcd/leadership.h"
#include "core/etcd/membership.h"
#include "core/etcd/request_timeouts.h"
#include "core/etcd/state_machine.h"
#include "core/peer/transport.h"
#include "core/replica/replica.h"
#include "core/rpc/server.h"
#include "io/world.h"

namespace etcd {

// Told when a read found the store's files failing: the member must stop.
class ReadFailure {
 public:
  virtual void on_read_failed(const base::Error& error) = 0;

 protected:
  ~ReadFailure() = default;
};

struct ServiceContext {
  const io::World& world;
  const ServerConfig& config;
  replica::Replica& replica;
  StateMachine& machine;
  RequestTimeouts& timeouts;
  Leadership& leadership;
  Membership& membership;
  const peer::Transport* links;  // to the other members; null where there can be none
  ReadFailure& failure;
  io::Loop& loop;
  bool is_learner = false;  // this member has no vote
  bool is_stopped = false;  // the replica takes no request any more
};

// The gates before a request is looked at (behaviour reference §2.1, gate 2), and whether there is a member to
// serve it at all. nullopt: come in.
std::optional<ErrorId> check_gates(const ServiceContext& context, const rpc::CallContext& call);

// What a write becomes that began then and was not applied in time (behaviour reference §1.2, §1.4).
ErrorId write_timeout(const ServiceContext& context, base::Instant began);

// For a read over several turns whose store has been replaced by a raft snapshot's meanwhile: it would have to begin anew, and clients do
// that by themselves when they see this.
inline constexpr ErrorId kStoreReplaced = ErrorId::leader_changed;

// What a refusal by the replica is on the wire.
ErrorId refusal_of(const base::Error& error);

}  // namespace etcd
