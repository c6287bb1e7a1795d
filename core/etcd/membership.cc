#include "core/etcd/membership.h"

#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"

namespace etcd {

namespace {

constexpr base::Duration kHealthInterval = std::chrono::seconds(5);      // etcd server.go, HealthInterval
constexpr base::Duration kRetryInterval = std::chrono::milliseconds(50);  // while consensus does not take a change yet

}  // namespace

Membership::Membership(const io::World& world, const ServerConfig& config, replica::Replica& replica, const StateMachine& machine,
                       const peer::Transport* links)
    : world_(world), config_(config), replica_(replica), machine_(machine), links_(links) {}

Membership::~Membership() {
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

void Membership::submit(MembershipWait& wait) {
  ASSERT(!is_stopped_);
  queued_.push_back(wait);
  look();
}

void Membership::look() {
  if (is_stopped_ || std::exchange(is_look_due_, true)) return;
  world_.loop.on_next_turn(*this);
}

void Membership::stop() {
  if (std::exchange(is_stopped_, true)) return;
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
  base::IntrusiveList<MembershipWait> waiting;
  waiting.take_all(proposed_);
  waiting.take_all(queued_);
  while (!waiting.is_empty()) waiting.pop_front().on_change_refused(ErrorId::stopped);
}

void Membership::on_end_of_turn() {
  is_look_due_ = false;
  tell_done();
  propose_next();
}

void Membership::tell_done() {
  base::IntrusiveList<MembershipWait> looked_at;
  looked_at.take_all(proposed_);
  while (!looked_at.is_empty()) {
    MembershipWait& wait = looked_at.pop_front();
    if (has_come_true(wait.change)) {
      wait.on_changed();
    } else {
      proposed_.push_back(wait);
    }
  }
}

void Membership::propose_next() {
  while (!queued_.is_empty() && !is_stopped_) {
    MembershipWait& wait = queued_.front();
    if (replica_.status().role != raft::Role::leader) {
      world_.observer.reached(base::Mark::change_at_other_leader);
      queued_.pop_front().on_change_refused(ErrorId::not_leader);
      continue;
    }
    MemberChange& change = wait.change;
    if (change.kind == ChangeKind::add) change.id = added_member_id(change.peer_urls, world_.clock.wall_now());
    const GroupFacts now = facts();
    std::optional<ErrorId> why = objection(change, now);
    if (change.kind == ChangeKind::add && machine_.members().is_removed(change.id)) {
      world_.observer.reached(base::Mark::added_id_was_removed);
      why = ErrorId::member_not_found;
    }
    // A member that listens to no peer could never reach the one that comes.
    if (change.kind == ChangeKind::add && !why && links_ == nullptr) why = ErrorId::unhealthy;
    if (why) {
      queued_.pop_front().on_change_refused(*why);
      continue;
    }
    // Whose id was removed only the applied state tells: the same URL gives the same id within a second, and an id never comes back.
    if (change.kind == ChangeKind::add && !replica_.has_applied_configuration()) {
      return world_.clock.arm(*this, world_.clock.now() + kRetryInterval);
    }
    if (const base::Status proposed = replica_.propose_configuration(target_of(change, now.configuration)); !proposed) {
      ASSERT(proposed.error().code == base::Code::overloaded);  // it leads
      return world_.clock.arm(*this, world_.clock.now() + kRetryInterval);
    }
    const std::string id = to_text(change.id);
    world_.observer.log(io::Level::info, "the membership is changing", {{"member", std::string_view(id)}});
    proposed_.push_back(queued_.pop_front());
    tell_done();
  }
}

// A group of one that takes a second voter cannot commit that without it, and whoever asked waits for the answer before starting it. Since
// nobody but the one decides whether it becomes true, it is true as soon as it is on the disk there.
bool Membership::has_come_true(const MemberChange& change) const {
  const raft::Configuration& settled = replica_.settled_configuration();
  const bool is_first_other = change.kind == ChangeKind::add && settled.outgoing_voters().size() == 1;
  if (settled.is_joint() && !is_first_other) return false;
  return is_done(change, raft::after_joint(settled));
}

GroupFacts Membership::facts() const {
  GroupFacts facts;
  facts.configuration = raft::after_joint(replica_.configuration());
  facts.self = replica_.identity().member;
  facts.is_strict = config_.strict_reconfig_check;
  facts.learners_max = config_.max_learners;
  const base::Instant now = world_.clock.now();
  for (const raft::Member& one : facts.configuration.members) {
    MemberFacts& member = facts.members[one.id];
    const auto published = machine_.members().all().find(one.id);
    member.is_started = published != machine_.members().all().end() && !published->second.member_attributes().name().empty();
    member.matched = replica_.matched(one.id);
    const bool is_self = one.id == facts.self;
    const std::optional<base::Instant> since = is_self || links_ == nullptr ? std::nullopt : links_->active_since(one.id);
    member.is_connected = is_self || since.has_value();
    member.is_healthy = is_self || (since && now - *since > kHealthInterval);
  }
  return facts;
}

}  // namespace etcd
