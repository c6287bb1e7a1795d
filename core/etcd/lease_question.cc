#include "core/etcd/lease_question.h"

#include <string>

#include "core/base/assert.h"
#include "core/etcd/parse.h"

namespace etcd {

namespace {
constexpr base::Duration kLeaderLookInterval = std::chrono::milliseconds(50);
constexpr base::Duration kCatchUpTimeout = std::chrono::seconds(1);
}  // namespace

LeaseQuestion::LeaseQuestion(LeaseContext& lease_context)
    : context_(lease_context.context),
      world_(lease_context.context.world),
      lease_context_(lease_context),
      catch_up_(lease_context.context, *this) {}

void LeaseQuestion::ask(Kind kind, By by, const etcdserverpb::LeaseTimeToLiveRequest& request) {
  ASSERT(!is_catching_up_);
  kind_ = kind;
  by_ = by;
  request_ = request;
  has_caught_up_ = false;
  look();
}

// Everything that is touched here outlives a server that goes with its calls still open.
void LeaseQuestion::stop() {
  RenewalWait::unlink();
  Expiring::unlink();
  if (LeaderAsk::is_linked()) lease_context_.leader.give_up(*this);
  catch_up_.stop_waiting();
  world_.clock.disarm(*this);
  is_catching_up_ = false;
}

void LeaseQuestion::look() {
  if (context_.is_stopped) return refuse(ErrorId::stopped);
  if (context_.leadership.leader() == context_.replica.identity().member) return decide();
  if (by_ == By::member) return refuse(ErrorId::not_leader);
  if (!Expiring::is_linked()) context_.timeouts.begin(*this);
  const std::string_view path = kind_ == Kind::renew ? kPeerRenewPath : kPeerTimeToLivePath;
  LeaderAsk& question = *this;
  if (!lease_context_.leader.ask(question, path, request_.SerializeAsString(), Expiring::expires_at)) look_again();
}

void LeaseQuestion::look_again() { world_.clock.arm(*this, world_.clock.now() + kLeaderLookInterval); }

void LeaseQuestion::on_timer() {
  if (!is_catching_up_) return look();
  refuse(ErrorId::timeout_wait_applied_index);
}

// As in etcd: nobody leads at the end, or whoever does was not heard (behaviour reference §5.3).
void LeaseQuestion::on_expired() {
  refuse(context_.leadership.leader() == base::MemberId::none ? ErrorId::no_leader : ErrorId::timeout);
}

void LeaseQuestion::on_leader_said(std::string_view bytes) {
  etcdserverpb::LeaseTimeToLiveResponse response;
  if (!parse(response, bytes)) return look_again();
  stop();
  on_lease_answer(response);
}

// --- this member leads ----------------------------------------------------------------------------------

// A lease that a client has just been granted may be committed here and not applied.
bool LeaseQuestion::must_catch_up() const {
  if (has_caught_up_) return false;
  if (context_.machine.leases().find(LeaseId{request_.id()}) != nullptr) return false;
  const replica::Status status = context_.replica.status();
  return status.applied < status.committed;
}

void LeaseQuestion::decide() {
  if (must_catch_up()) {
    is_catching_up_ = true;
    catch_up_.begin_waiting();
    return world_.clock.arm(*this, world_.clock.now() + kCatchUpTimeout);
  }
  if (kind_ == Kind::time_to_live) return tell_time_to_live();
  RenewalWait& wait = *this;
  if (const std::optional<Renewal> renewal = lease_context_.lessor.renew(LeaseId{request_.id()}, wait)) on_renewal(*renewal);
}

void LeaseQuestion::on_caught_up() {
  world_.clock.disarm(*this);
  is_catching_up_ = false;
  has_caught_up_ = true;
  look();
}

void LeaseQuestion::on_renewal(const Renewal& renewal) {
  switch (renewal.kind) {
    case Renewal::Kind::renewed: return answer(renewal.ttl);
    case Renewal::Kind::not_found: return answer(0);
    case Renewal::Kind::not_primary: break;
  }
  // It leads no more, or does not know yet that it may.
  if (by_ == By::member) return refuse(ErrorId::not_leader);
  if (!Expiring::is_linked()) context_.timeouts.begin(*this);
  look_again();
}

void LeaseQuestion::answer(std::int64_t ttl) {
  etcdserverpb::LeaseTimeToLiveResponse response;
  response.set_id(request_.id());
  response.set_ttl(ttl);
  stop();
  on_lease_answer(response);
}

void LeaseQuestion::tell_time_to_live() {
  const LeaseId id{request_.id()};
  const Lease* const lease = context_.machine.leases().find(id);
  if (lease == nullptr) return answer(-1);
  const std::optional<base::Instant> end = lease_context_.lessor.expires_at(id);
  if (!end) return refuse(ErrorId::leader_changed);  // no primary, or not yet
  etcdserverpb::LeaseTimeToLiveResponse response;
  response.set_id(request_.id());
  response.set_ttl(std::chrono::duration_cast<std::chrono::seconds>(*end - world_.clock.now()).count());
  response.set_grantedttl(lease_context_.lessor.ttl(*lease));
  if (request_.keys()) {
    for (const std::string& key : lease->keys) response.add_keys(key);
  }
  stop();
  on_lease_answer(response);
}

void LeaseQuestion::refuse(ErrorId why) {
  stop();
  on_lease_refused(why);
}

}  // namespace etcd
