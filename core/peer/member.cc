#include "core/peer/member.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace peer {

namespace {
// How often and how long a member looks whether it reaches the others, before its first election.
constexpr base::Duration kLookInterval = std::chrono::milliseconds(50);
constexpr base::Duration kLookPatience = std::chrono::seconds(5);
}  // namespace

Member::Member(const io::World& world, replica::StateMachine& machine, replica::ReplicaListener& listener, Options options)
    : world_(world), machine_(machine), listener_(listener), options_(std::move(options)) {}

Member::~Member() {
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

rpc::Server& Member::server() {
  ASSERT(stage_ == Stage::idle);
  if (server_ == nullptr) {
    server_ = std::make_unique<rpc::Server>(world_, server_options(options_));
    transport_ = std::make_unique<Transport>(world_, options_, *server_);
  }
  return *server_;
}

replica::Replica& Member::replica() {
  ASSERT(replica_ != nullptr);
  return *replica_;
}

// --- start ------------------------------------------------------------------------------------------

void Member::start(replica::Options options) {
  ASSERT(stage_ == Stage::idle);
  ASSERT(done_ == nullptr);
  stage_ = Stage::booting;
  election_ticks_ = options.election_ticks;
  tick_interval_ = options.tick_interval;
  election_timeout_ = options.election_ticks * options.tick_interval;
  replica::ReplicaListener& events = *this;
  replica_ = std::make_unique<replica::Replica>(world_, std::move(options), machine_, transport_.get(), events);
  replica_->start();
}

void Member::on_started() {
  ASSERT(stage_ == Stage::booting);
  if (done_ != nullptr) return close();
  stage_ = Stage::running;
  if (transport_ != nullptr) set_group({});
  listener_.on_started();
}

void Member::join(const std::map<base::MemberId, std::vector<io::Address>>& members, bool hastens_election) {
  ASSERT(stage_ == Stage::running);
  if (transport_ == nullptr) return;
  set_group(members);
  const std::size_t others = members.size() - members.count(replica_->identity().member);
  if (!hastens_election || others == 0) return;
  enough_others_ = std::min<std::size_t>(others, 2);
  looks_until_ = world_.clock.now() + kLookPatience;
  look_for_others();
}

void Member::set_hello_listener(HelloListener* listener) {
  if (transport_ != nullptr) transport_->set_hello_listener(listener);
}

void Member::set_group(const std::map<base::MemberId, std::vector<io::Address>>& members) {
  const wal::Identity& identity = replica_->identity();
  transport_->set_group({identity.cluster, identity.member}, members);
}

void Member::look_for_others() {
  if (replica_->status().leader != base::MemberId::none) return;
  if (transport_->active_peer_count() >= enough_others_) return replica_->hasten_election(election_ticks_ - 2);
  const base::Instant next = world_.clock.now() + kLookInterval;
  if (next < looks_until_) world_.clock.arm(*this, next);
}

void Member::on_leader(base::MemberId leader) {
  // Not at once: the replica is at work, and those who have not heard of the new leader yet still send it proposals, which it passes on.
  if (stage_ == Stage::handing_over && leader != base::MemberId::none) world_.clock.arm(*this, world_.clock.now() + tick_interval_);
  listener_.on_leader(leader);
}

// Not while this member leaves: it says goodbye to those whom it knows.
void Member::on_configuration() {
  if (stage_ == Stage::running) listener_.on_configuration();
}

void Member::on_timer() {
  switch (stage_) {
    case Stage::running: return look_for_others();
    case Stage::handing_over: return std::exchange(looks_again_, false) ? hand_over() : close();
    case Stage::idle:
    case Stage::booting:
    case Stage::stopped:
    case Stage::closing: ASSERT(false && "nothing is waited for");
  }
}

// --- the end ----------------------------------------------------------------------------------------

void Member::on_stopped(const base::Error& why) {
  switch (std::exchange(stage_, Stage::stopped)) {
    case Stage::booting:
      if (done_ != nullptr) return close();
      break;
    case Stage::running:
      world_.clock.disarm(*this);
      break;
    case Stage::handing_over:
      stage_ = Stage::handing_over;
      return world_.clock.arm(*this, world_.clock.now());
    case Stage::stopped: break;  // the tenant gave up first
    case Stage::idle:
    case Stage::closing: ASSERT(false && "a replica stops once, and not when it has been closed");
  }
  listener_.on_stopped(why);
}

void Member::fall_silent() {
  world_.clock.disarm(*this);
  if (stage_ == Stage::running) stage_ = Stage::stopped;
  if (transport_ != nullptr) transport_->stop();
  server_.reset();
}

void Member::leave(io::Completion& done) {
  ASSERT(done_ == nullptr);
  done_ = &done;
  switch (stage_) {
    case Stage::idle:
      fall_silent();
      return world_.loop.on_next_turn(*this);
    case Stage::booting: return;  // it cannot be called back: on_started() or on_stopped() goes on
    case Stage::running: return hand_over();
    case Stage::stopped: return close();
    case Stage::handing_over:
    case Stage::closing: ASSERT(false && "somebody leaves once");
  }
}

void Member::hand_over() {
  const base::MemberId successor = replica_->successor();
  stage_ = Stage::handing_over;
  // A leader that has just looked who is there knows of nobody: the next heartbeat tells.
  const bool leads = replica_->status().role == raft::Role::leader && replica_->configuration().voter_count() > 1;
  if (successor == base::MemberId::none && leads && !std::exchange(has_looked_twice_, true)) {
    looks_again_ = true;
    return world_.clock.arm(*this, world_.clock.now() + tick_interval_);
  }
  if (successor == base::MemberId::none) return close();
  world_.observer.log(io::Level::info, "leadership transfer starting",
                      {{"transferee-member-id", std::string_view(base::to_text(successor))}});
  world_.clock.arm(*this, world_.clock.now() + 2 * election_timeout_);
  replica_->transfer_leadership(successor);
}

void Member::close() {
  stage_ = Stage::closing;
  fall_silent();
  replica_->close(*this);
}

void Member::complete(base::Status status) { done_->complete(std::move(status)); }

void Member::on_end_of_turn() { done_->complete({}); }

}  // namespace peer
