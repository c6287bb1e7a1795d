// core/etcd/lessor.h: when leases run out, which their leader alone decides (behaviour reference §5.1, §5.3).
//
//   no primary -> primary (the entry that begins this leader's term was applied: every lease has its full time again) -> no primary
//
// Time is the monotonic clock of this member. A lease that has run out is revoked through the log; until that is applied it stands, and
// cannot be renewed any more. A process that was stopped for a while may have lost its leadership without knowing: it makes sure of it
// before it renews or revokes anything.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/base/intrusive_list.h"
#include "core/base/time.h"
#include "core/etcd/config.h"
#include "core/etcd/pool.h"
#include "core/etcd/request_timeouts.h"
#include "core/etcd/state_machine.h"
#include "core/replica/replica.h"
#include "io/world.h"

namespace etcd {

struct Renewal {
  enum class Kind : std::uint8_t { renewed, not_found, not_primary };
  Kind kind = Kind::not_primary;
  std::int64_t ttl = 0;  // renewed: its full TTL, in seconds
};

// What the lessor notes of whoever waits.
class RenewalTicket {
 public:
  RenewalTicket() = default;

 private:
  friend class Lessor;
  LeaseId lease_ = LeaseId::none;
};

// Embedded in whoever wants a lease renewed; to give up, RenewalWait::unlink().
class RenewalWait : public base::ListNode<RenewalWait>, public RenewalTicket {
 public:
  virtual void on_renewal(const Renewal& renewal) = 0;  // no longer waiting when called

 protected:
  ~RenewalWait() = default;
};

class Lessor final : private AppliedLeaseListener, private io::Timer, private replica::ReadWait {
 public:
  // All references outlive it. It is the machine's lease listener from here on.
  Lessor(const io::World& world, const ServerConfig& config, replica::Replica& replica, StateMachine& machine, RequestTimeouts& timeouts);
  ~Lessor();

  // As replica::ReplicaListener.
  void on_leader(base::MemberId leader);
  // The replica takes no request any more.
  void stop();

  // Whether leases run out here, and are renewed.
  bool is_primary() const { return term_.has_value(); }
  // Now, or later by the wait: a lease that has run out is waited for until it is revoked.
  std::optional<Renewal> renew(LeaseId id, RenewalWait& wait);

  // Nothing: this member is no primary, or there is no such lease.
  std::optional<base::Instant> expires_at(LeaseId id) const;
  // As granted, but not below this member's minimum, which may have risen since.
  std::int64_t ttl(const Lease& lease) const;
  // The first to run out comes first where that is known.
  std::vector<LeaseId> in_order() const;

 private:
  using Queue = std::set<std::pair<base::Instant, LeaseId>>;
  using Waits = std::map<LeaseId, base::IntrusiveList<RenewalWait>>;

  struct Timing {
    base::Instant expires_at;
    base::Instant look_at;                       // its place in looks_
    std::optional<base::Instant> checkpoint_at;  // its place in checkpoints_
  };

  // A command on its way through the log, for as long as a request may take.
  class Command final : public replica::Proposal, public Expiring {
   public:
    enum class Kind : std::uint8_t { revoke, checkpoint, clear };
    explicit Command(Lessor& lessor) : lessor_(lessor) {}
    Kind kind = Kind::revoke;
    LeaseId lease = LeaseId::none;  // of revoke and clear

   private:
    void on_applied(std::string /*response*/) override { lessor_.on_command_over(*this, true); }
    void on_refused(const base::Error& /*error*/) override { lessor_.on_command_over(*this, false); }
    void on_expired() override;
    Lessor& lessor_;
  };

  void on_empty_applied(base::EntryId id) override;
  void on_leases_replaced() override { demote(); }
  void on_lease_granted(LeaseId id, const Lease& lease) override;
  void on_lease_checkpointed(LeaseId id, const Lease& lease) override;
  void on_lease_revoked(LeaseId id) override;
  void on_timer() override;
  void on_readable() override;                             // this member leads
  void on_refused(const base::Error& /*error*/) override;  // or does not

  void promote(base::Term term);
  void demote();
  bool leads() const;
  bool is_doubtful() const;
  void make_sure();

  std::optional<Renewal> decide(RenewalWait& wait);
  void go_on(base::IntrusiveList<RenewalWait>& waiting);
  void tell(Waits& waits, LeaseId id, const Renewal& renewal);

  base::Duration remaining(const Lease& lease) const;
  void set_expiry(LeaseId id, const Lease& lease, base::Instant at);
  void look_again(LeaseId id, Timing& timing, base::Instant at);
  void set_checkpoint(LeaseId id, const Lease& lease, Timing& timing);
  void find_expired();
  void revoke_expired();
  void checkpoint_due();
  bool propose(Command::Kind kind, LeaseId id, std::string_view command);
  void on_command_over(Command& command, bool is_applied);
  void check_invariants() const;

  const io::World& world_;
  const ServerConfig& config_;
  replica::Replica& replica_;
  StateMachine& machine_;
  RequestTimeouts& timeouts_;
  const std::int64_t ttl_min_;
  bool is_stopped_ = false;

  std::optional<base::Term> term_;  // primary: the term that this member leads
  base::Instant sure_at_;           // of its leadership, for certain

  // Empty unless primary.
  std::map<LeaseId, Timing> timings_;  // of all leases
  Queue looks_;                        // when to look at each next: when it runs out, or when its revocation should have been applied
  Queue checkpoints_;                  // when to write down what remains
  std::deque<LeaseId> expired_;        // found, and not proposed yet

  base::Instant asked_at_;
  base::IntrusiveList<RenewalWait> unsure_;  // until the leadership is certain
  Waits expiring_;                           // until the lease is revoked
  Waits clearing_;                           // until its checkpoint is undone

  Pool<Command> commands_;
  std::vector<Command*> under_way_;  // in the order in which they were proposed
};

}  // namespace etcd
