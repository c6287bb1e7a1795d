#include "core/etcd/lessor.h"

#include <algorithm>
#include <string>

#include "core/api/lease.pb.h"
#include "core/base/assert.h"
#include "core/etcd/command.h"

namespace etcd {

namespace {

// Behaviour reference §5.1.
constexpr base::Duration kScanInterval = std::chrono::milliseconds(500);
constexpr std::size_t kRevokesPerScan = 500;  // 1000 a second
constexpr std::size_t kExpiredMax = 16 * kRevokesPerScan;
constexpr std::size_t kRevokesUnderWay = 16;
constexpr base::Duration kCheckpointInterval = std::chrono::minutes(5);
constexpr std::size_t kCheckpointsPerScan = 500;  // 1000 a second
constexpr std::size_t kPileUpLeases = 1000;        // with fewer there is none
constexpr std::size_t kExpiriesPerSecond = 750;    // after a promotion: three quarters of what can be revoked
constexpr int kHeartbeatsUnsure = 3;

base::Duration seconds(std::int64_t count) { return std::chrono::seconds(count); }

}  // namespace

Lessor::Lessor(const io::World& world, const ServerConfig& config, replica::Replica& replica, StateMachine& machine,
               RequestTimeouts& timeouts)
    : world_(world), config_(config), replica_(replica), machine_(machine), timeouts_(timeouts), ttl_min_(config.lease_ttl_min()) {
  AppliedLeaseListener& listener = *this;
  machine_.set_lease_listener(&listener);
}

Lessor::~Lessor() {
  machine_.set_lease_listener(nullptr);
  world_.clock.disarm(*this);
}

// --- who decides ----------------------------------------------------------------------------------------

void Lessor::on_empty_applied(base::EntryId id) {
  const replica::Status status = replica_.status();
  if (!is_stopped_ && status.role == raft::Role::leader && status.term == id.term) promote(id.term);
}

void Lessor::on_leader(base::MemberId /*leader*/) {
  if (is_primary() && !leads()) demote();
}

void Lessor::stop() {
  is_stopped_ = true;
  demote();
}

bool Lessor::leads() const {
  const replica::Status status = replica_.status();
  return status.role == raft::Role::leader && status.term == term_;
}

// What every lease had left nobody knows but the leader before, who may have renewed it since it was written down: so the time begins anew,
// and a little later, as clients have to find this leader first.
void Lessor::promote(base::Term term) {
  demote();
  term_ = term;
  const base::Instant now = world_.clock.now();
  sure_at_ = now;
  std::vector<std::pair<base::Instant, LeaseId>> expiries;
  for (const auto& [id, lease] : machine_.leases().all()) {
    expiries.emplace_back(now + config_.election_timeout + remaining(lease), id);
  }
  if (expiries.size() >= kPileUpLeases) {
    std::sort(expiries.begin(), expiries.end());
    for (std::size_t i = kExpiriesPerSecond; i < expiries.size(); ++i) {
      expiries[i].first = std::max(expiries[i].first, expiries[i - kExpiriesPerSecond].first + seconds(1));
    }
  }
  for (const auto& [at, id] : expiries) set_expiry(id, *machine_.leases().find(id), at);
}

void Lessor::demote() {
  if (!is_primary()) return;
  term_.reset();
  world_.clock.disarm(*this);
  replica::ReadWait::unlink();
  timings_.clear();
  looks_.clear();
  checkpoints_.clear();
  expired_.clear();
  // What still waits for a leader must not reach the next one.
  for (Command* const command : std::exchange(under_way_, {})) {
    replica_.abandon(*command);
    command->Expiring::unlink();
    commands_.give_back(*command);
  }
  base::IntrusiveList<RenewalWait> told;
  told.take_all(unsure_);
  for (Waits* const waits : {&expiring_, &clearing_}) {
    for (auto& [id, waiting] : *waits) told.take_all(waiting);
    waits->clear();
  }
  while (!told.is_empty()) told.pop_front().on_renewal({Renewal::Kind::not_primary, 0});
}

// Behaviour reference §9: the last tick is more than three heartbeats old, or was when the next one came.
bool Lessor::is_doubtful() const {
  const replica::Status status = replica_.status();
  const base::Instant sure_at = std::max(sure_at_, status.last_tick);
  return world_.clock.now() - sure_at > kHeartbeatsUnsure * config_.heartbeat_interval || status.last_late_tick > sure_at_;
}

void Lessor::make_sure() {
  if (replica::ReadWait::is_linked() || is_stopped_) return;
  asked_at_ = world_.clock.now();
  replica_.read_index(*this);
}

void Lessor::on_readable() {
  if (!leads()) return demote();
  sure_at_ = asked_at_;
  base::IntrusiveList<RenewalWait> waiting;
  waiting.take_all(unsure_);
  go_on(waiting);
  revoke_expired();
}

void Lessor::on_refused(const base::Error& /*error*/) {
  base::IntrusiveList<RenewalWait> told;
  told.take_all(unsure_);
  while (!told.is_empty()) told.pop_front().on_renewal({Renewal::Kind::not_primary, 0});
}

// --- renewing -------------------------------------------------------------------------------------------

std::optional<Renewal> Lessor::renew(LeaseId id, RenewalWait& wait) {
  ASSERT(!wait.is_linked());
  wait.lease_ = id;
  return decide(wait);
}

std::optional<Renewal> Lessor::decide(RenewalWait& wait) {
  const LeaseId id = wait.lease_;
  if (!is_primary() || !leads()) return Renewal{Renewal::Kind::not_primary, 0};
  if (is_doubtful()) {
    unsure_.push_back(wait);
    make_sure();
    return std::nullopt;
  }
  const Lease* const lease = machine_.leases().find(id);
  if (lease == nullptr) return Renewal{Renewal::Kind::not_found, 0};
  const base::Instant now = world_.clock.now();
  if (timings_.at(id).expires_at <= now) {
    expiring_[id].push_back(wait);
    return std::nullopt;
  }
  // Or the next leader would give it no more than that.
  if (lease->remaining_ttl > 0) {
    etcdserverpb::LeaseCheckpointRequest request;
    request.add_checkpoints()->set_id(static_cast<std::int64_t>(id));
    const bool is_under_way = clearing_.count(id) > 0;
    if (!is_under_way && !propose(Command::Kind::clear, id, encode_command(CommandKind::lease_checkpoint, request))) {
      return Renewal{Renewal::Kind::not_primary, 0};
    }
    clearing_[id].push_back(wait);
    return std::nullopt;
  }
  set_expiry(id, *lease, now + seconds(ttl(*lease)));
  return Renewal{Renewal::Kind::renewed, ttl(*lease)};
}

void Lessor::go_on(base::IntrusiveList<RenewalWait>& waiting) {
  while (!waiting.is_empty()) {
    RenewalWait& wait = waiting.pop_front();
    if (const std::optional<Renewal> renewal = decide(wait)) wait.on_renewal(*renewal);
  }
}

void Lessor::tell(Waits& waits, LeaseId id, const Renewal& renewal) {
  const auto found = waits.find(id);
  if (found == waits.end()) return;
  base::IntrusiveList<RenewalWait> told;
  told.take_all(found->second);
  waits.erase(found);
  while (!told.is_empty()) told.pop_front().on_renewal(renewal);
}

// --- what is known ----------------------------------------------------------------------------------------

std::int64_t Lessor::ttl(const Lease& lease) const { return std::max(lease.granted_ttl, ttl_min_); }

base::Duration Lessor::remaining(const Lease& lease) const { return seconds(lease.remaining_ttl > 0 ? lease.remaining_ttl : ttl(lease)); }

std::optional<base::Instant> Lessor::expires_at(LeaseId id) const {
  const auto found = timings_.find(id);
  return found == timings_.end() ? std::nullopt : std::optional(found->second.expires_at);
}

std::vector<LeaseId> Lessor::in_order() const {
  Queue sorted;
  for (const auto& [id, lease] : machine_.leases().all()) sorted.emplace(expires_at(id).value_or(base::Instant()), id);
  std::vector<LeaseId> ids;
  for (const auto& [at, id] : sorted) ids.push_back(id);
  return ids;
}

// --- time -------------------------------------------------------------------------------------------------

void Lessor::on_lease_granted(LeaseId id, const Lease& lease) {
  if (is_primary()) set_expiry(id, lease, world_.clock.now() + seconds(ttl(lease)));
}

void Lessor::on_lease_checkpointed(LeaseId id, const Lease& lease) {
  if (is_primary()) set_checkpoint(id, lease, timings_.at(id));
}

void Lessor::on_lease_revoked(LeaseId id) {
  const auto found = timings_.find(id);
  if (found == timings_.end()) return;
  looks_.erase({found->second.look_at, id});
  if (found->second.checkpoint_at) checkpoints_.erase({*found->second.checkpoint_at, id});
  timings_.erase(found);
  tell(expiring_, id, {Renewal::Kind::not_found, 0});
  tell(clearing_, id, {Renewal::Kind::not_found, 0});
}

void Lessor::set_expiry(LeaseId id, const Lease& lease, base::Instant at) {
  const auto [timing, is_new] = timings_.try_emplace(id);
  if (!is_new) looks_.erase({timing->second.look_at, id});
  timing->second.expires_at = at;
  timing->second.look_at = at;
  looks_.emplace(at, id);
  set_checkpoint(id, lease, timing->second);
  if (!is_armed()) world_.clock.arm(*this, world_.clock.now() + kScanInterval);
}

void Lessor::set_checkpoint(LeaseId id, const Lease& lease, Timing& timing) {
  if (timing.checkpoint_at) checkpoints_.erase({*timing.checkpoint_at, id});
  timing.checkpoint_at.reset();
  if (!config_.lease_checkpoint || remaining(lease) <= kCheckpointInterval) return;
  timing.checkpoint_at = world_.clock.now() + kCheckpointInterval;
  checkpoints_.emplace(*timing.checkpoint_at, id);
}

void Lessor::on_timer() {
  if (timings_.empty()) return;
  world_.clock.arm(*this, world_.clock.now() + kScanInterval);
  find_expired();
  revoke_expired();
  checkpoint_due();
  check_invariants();
}

void Lessor::check_invariants() const {
  ASSERT(is_primary() || timings_.empty());
  ASSERT(looks_.size() == timings_.size());
  ASSERT(!is_primary() || timings_.size() == machine_.leases().all().size());
  ASSERT(checkpoints_.size() <= timings_.size());
}

// Each is looked at again when a request would have timed out: what was not revoked by then is tried again.
void Lessor::find_expired() {
  if (expired_.size() + kRevokesPerScan > kExpiredMax) return;
  const base::Instant now = world_.clock.now();
  for (std::size_t count = 0; count < kRevokesPerScan && !looks_.empty() && looks_.begin()->first <= now; ++count) {
    const LeaseId id = looks_.begin()->second;
    looks_.erase(looks_.begin());
    Timing& timing = timings_.at(id);
    timing.look_at = now + config_.request_timeout();
    looks_.emplace(timing.look_at, id);
    expired_.push_back(id);
  }
}

void Lessor::revoke_expired() {
  if (expired_.empty() || !is_primary() || !leads()) return;
  if (is_doubtful()) return make_sure();  // and on from there
  const auto is_revoke = [](const Command* command) { return command->kind == Command::Kind::revoke; };
  auto free = kRevokesUnderWay - static_cast<std::size_t>(std::count_if(under_way_.begin(), under_way_.end(), is_revoke));
  while (free > 0 && !expired_.empty()) {
    const LeaseId id = expired_.front();
    expired_.pop_front();
    const std::optional<base::Instant> at = expires_at(id);
    if (!at || *at > world_.clock.now()) continue;  // revoked meanwhile, or granted anew
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(static_cast<std::int64_t>(id));
    if (!propose(Command::Kind::revoke, id, encode_command(CommandKind::lease_revoke, request))) return;
    --free;
  }
}

void Lessor::checkpoint_due() {
  if (checkpoints_.empty() || is_doubtful()) return;
  const base::Instant now = world_.clock.now();
  etcdserverpb::LeaseCheckpointRequest request;
  for (std::size_t count = 0; count < kCheckpointsPerScan && !checkpoints_.empty() && checkpoints_.begin()->first <= now; ++count) {
    const LeaseId id = checkpoints_.begin()->second;
    Timing& timing = timings_.at(id);
    const Lease& lease = *machine_.leases().find(id);
    set_checkpoint(id, lease, timing);  // again later, should this one be lost
    const std::int64_t left = std::chrono::ceil<std::chrono::seconds>(timing.expires_at - now).count();
    if (left <= 0 || left >= ttl(lease)) continue;
    etcdserverpb::LeaseCheckpoint& one = *request.add_checkpoints();
    one.set_id(static_cast<std::int64_t>(id));
    one.set_remaining_ttl(left);
  }
  if (request.checkpoints_size() == 0) return;
  static_cast<void>(propose(Command::Kind::checkpoint, LeaseId::none, encode_command(CommandKind::lease_checkpoint, request)));
}

// --- through the log ----------------------------------------------------------------------------------------

bool Lessor::propose(Command::Kind kind, LeaseId id, std::string_view command_bytes) {
  Command& command = commands_.take(*this);
  command.kind = kind;
  command.lease = id;
  if (!replica_.propose(command_bytes, {}, 0, command)) {
    commands_.give_back(command);
    return false;
  }
  timeouts_.begin(command);
  under_way_.push_back(&command);
  return true;
}

void Lessor::Command::on_expired() {
  lessor_.replica_.abandon(*this);
  lessor_.on_command_over(*this, false);
}

void Lessor::on_command_over(Command& command, bool is_applied) {
  command.Expiring::unlink();
  under_way_.erase(std::find(under_way_.begin(), under_way_.end(), &command));
  const Command::Kind kind = command.kind;
  const LeaseId id = command.lease;
  commands_.give_back(command);
  if (kind == Command::Kind::revoke) return revoke_expired();
  if (kind != Command::Kind::clear) return;
  if (!is_applied) return tell(clearing_, id, {Renewal::Kind::not_primary, 0});
  const auto found = clearing_.find(id);
  if (found == clearing_.end()) return;
  base::IntrusiveList<RenewalWait> waiting;
  waiting.take_all(found->second);
  clearing_.erase(found);
  go_on(waiting);
}

}  // namespace etcd
