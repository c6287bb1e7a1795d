#include "core/replica/replica.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/replica/command.h"

namespace replica {

Replica::Replica(const io::World& world, Options options, StateMachine& machine, Transport* transport, ReplicaListener& listener)
    : world_(world),
      options_(std::move(options)),
      machine_(machine),
      transport_(transport),
      listener_(listener),
      outgoing_(world, machine, transport, options_.snapshots_max),
      incoming_(world, machine, *this),
      disk_watch_(options_.election_ticks),
      boot_(world, machine, *this) {
  ASSERT(options_.unapplied_entries_max > 0);
  ASSERT(options_.catch_up_entries < options_.kept_entries_max);
}

Replica::~Replica() {
  if (transport_ != nullptr) transport_->stop();  // it may hold a snapshot that is coming in
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

// --- the end ----------------------------------------------------------------------------------------

void Replica::stop(const base::Error& why) {
  if (stopped_) return;
  world_.observer.on_event(io::Stopped{why.detail});
  halt(why.detail);
  listener_.on_stopped(why);
}

void Replica::halt(const std::string& why) {
  stopped_ = true;
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
  if (transport_ != nullptr) transport_->stop();
  const std::string detail = "the member stopped: " + why;
  proposals_.refuse_all({base::Code::outcome_unknown, detail});
  reads_.refuse_all({base::Code::unavailable, detail});
}

void Replica::close(io::Completion& done) {
  ASSERT(closing_ == nullptr);
  ASSERT(raft_ != nullptr || stopped_);
  closing_ = &done;
  if (!stopped_) halt("it was asked to");
  if (writer_ != nullptr) return writer_->close(done);
  world_.loop.on_next_turn(*this);
}

void Replica::on_log_failed(const base::Error& error) { stop(error); }
void Replica::on_failed(const base::Error& error) { stop(error); }

// --- requests ---------------------------------------------------------------------------------------

base::Status Replica::gate() const {
  if (!is_running()) return base::fail(base::Code::unavailable, "the member is not running");
  // Etcd's gate (behaviour reference §9): what the group has agreed on faster than this member applies it.
  const std::uint64_t unapplied = raft_->committed().since(applied_.index);
  if (unapplied > options_.unapplied_entries_max) {
    world_.observer.reached(base::Mark::gate_unapplied);
    return base::fail(base::Code::overloaded, std::to_string(unapplied) + " committed entries wait to be applied");
  }
  const raft::Log& log = raft_->log();
  if (log.entry_count() + proposals_.entry_count() >= options_.kept_entries_max ||
      log.size_bytes() + proposals_.size_bytes() >= options_.kept_bytes_max) {
    world_.observer.reached(base::Mark::gate_kept);
    return base::fail(base::Code::overloaded, "the log waits for the store before it can be truncated");
  }
  return {};
}

base::Status Replica::propose(std::string_view command, std::string_view user, std::uint64_t auth_revision,
                              Proposal& proposal) {
  if (base::Status open = gate(); !open) return open;
  proposals_.add(command, user, auth_revision, proposal);
  wake();
  return {};
}

void Replica::abandon(Proposal& proposal) { proposals_.abandon(proposal); }

void Replica::read_index(ReadWait& wait) {
  ASSERT(is_running());
  reads_.add(wait);
  wake();
}

void Replica::transfer_leadership(base::MemberId to) {
  ASSERT(is_running());
  step(raft::TransferLeadership{to});
  wake();
}

base::Status Replica::propose_configuration(raft::Configuration target) {
  ASSERT(is_running());
  if (raft_->role() != raft::Role::leader) return base::fail(base::Code::not_leader, "this member does not lead");
  output_.clear();
  raft_->step(raft::ProposeConfiguration{std::move(target)}, output_);
  const bool is_refused = output_.proposal_refused;
  perform();
  wake();
  if (!is_refused) return {};
  return base::fail(base::Code::overloaded, "the group is changing already, or its leader is new or handing over");
}

base::MemberId Replica::successor() const {
  base::MemberId best;
  base::LogIndex matched;
  if (!is_running() || raft_->role() != raft::Role::leader) return best;
  for (const base::MemberId voter : raft_->configuration().voters()) {
    const raft::Progress* progress = raft_->progress(voter);
    if (progress == nullptr || !progress->is_active) continue;
    if (best != base::MemberId::none && progress->matched() <= matched) continue;
    best = voter;
    matched = progress->matched();
  }
  return best;
}

void Replica::hasten_election(std::uint32_t ticks) {
  ASSERT(is_running());
  ASSERT(ticks < options_.election_ticks);
  for (std::uint32_t i = 0; i < ticks; ++i) step(raft::Tick{election_jitter_ticks()});
  wake();
}

std::uint64_t Replica::record_overhead_bytes(std::string_view user) { return encode_command({0, user, 0}, {}).size(); }

const raft::Configuration& Replica::configuration() const {
  ASSERT(raft_ != nullptr);
  return raft_->configuration();
}

const raft::Configuration& Replica::settled_configuration() const {
  ASSERT(raft_ != nullptr);
  return raft_->is_configuration_certain() ? raft_->configuration() : raft_->configuration_at(raft_->committed());
}

bool Replica::has_applied_configuration() const {
  ASSERT(raft_ != nullptr);
  return raft_->configuration_index() <= applied_.index;
}

const raft::Configuration& Replica::first_configuration() const {
  ASSERT(raft_ != nullptr);
  return raft_->configuration_at(raft_->log().last_dropped().index);
}

std::optional<base::LogIndex> Replica::matched(base::MemberId member) const {
  if (!is_running() || raft_->role() != raft::Role::leader) return std::nullopt;
  if (member == identity_.member) return raft_->persisted().index;
  const raft::Progress* const progress = raft_->progress(member);
  return progress == nullptr ? std::nullopt : std::optional(progress->matched());
}

Status Replica::status() const {
  if (raft_ == nullptr) return {};
  return {raft_->role(), raft_->term(), raft_->leader(), raft_->committed(), applied_.index, applied_.term, raft_->is_led(), last_tick_, last_late_tick_};
}

// --- turns ------------------------------------------------------------------------------------------

void Replica::wake() {
  if (awake_) return;
  awake_ = true;
  world_.loop.at_end_of_turn(*this);
}

void Replica::on_end_of_turn() {
  awake_ = false;
  hurry_ = false;
  if (closing_ != nullptr) return closing_->complete({});
  if (!is_running()) return;
  take_arrived();
  flush_proposals();
  flush_reads();
  apply_slice();
  if (!stopped_) writer_->flush(raft_->committed());
}

void Replica::on_timer() {
  if (!is_running()) return;
  note_tick();
  world_.clock.arm(*this, world_.clock.now() + options_.tick_interval);
  is_refused_ = false;
  for (const base::MemberId peer : outgoing_.take_failed()) step(raft::SnapshotOver{peer});
  step(raft::Tick{election_jitter_ticks()});
  ask_again();
  watch_disk();
  // Whoever waits for what was passed on has given up by then: it would take effect when nobody expects it any more.
  if (proposals_.tick(2 * options_.election_ticks)) world_.observer.reached(base::Mark::passed_on_forgotten);
  wake();
}

void Replica::note_tick() {
  const base::Instant now = world_.clock.now();
  if (now - std::exchange(last_tick_, now) > 3 * options_.tick_interval) last_late_tick_ = now;
}

void Replica::watch_disk() {
  // A log may also be full of what nobody commits, since too few of the others have it. To hand over then helps nobody, and breaks off the
  // snapshot that one of them waits for.
  const bool store_is_behind = durable_.applied < raft_->committed();
  if (disk_watch_.tick(writer_->write_under_way(), store_is_behind && !gate(), durable_)) return;
  const base::MemberId to = successor();
  if (to == base::MemberId::none) return;  // just when it looks who is there nobody is known to be: the next tick will do
  disk_watch_.reset();
  world_.observer.reached(base::Mark::disk_hands_over);
  world_.observer.log(io::Level::warn, "the disk has got nowhere for an election timeout or more; handing leadership over",
                      {{"transferee-member-id", std::string_view(base::to_text(to))}});
  transfer_leadership(to);
}

// One draw per term, so that a member's timeout in a term is a decision with a name.
std::uint32_t Replica::election_jitter_ticks() {
  if (!has_jitter_ || jitter_term_ != raft_->term()) {
    has_jitter_ = true;
    jitter_term_ = raft_->term();
    const std::uint64_t draw = world_.random.draw("election-jitter", {jitter_term_.value()});
    jitter_ticks_ = static_cast<std::uint32_t>(io::below(draw, options_.election_ticks));
  }
  return jitter_ticks_;
}

void Replica::on_log_written(const raft::Persisted& persisted, std::vector<raft::Outbound> promises) {
  if (alone_ && !stopped_) return begin(*std::exchange(alone_, std::nullopt), std::nullopt);
  if (!is_running()) return;
  world_.observer.on_event(io::LogSynced{persisted.last.index});
  send(promises);
  step(persisted);
  if (incoming_.waits_for_log() && !writer_->is_installing()) incoming_.install();
  wake();
}

// --- the others -------------------------------------------------------------------------------------

void Replica::on_message(base::MemberId from, raft::Message message) {
  ASSERT(!std::holds_alternative<raft::Snapshot>(message));  // its state comes first
  // Of whom this member's own configuration does not know as well: one that joins reads in its log how the group began, and is led by
  // members that came later (thesis §4.1). Whom to listen to at all is the transport's to know.
  if (!is_running()) return;
  if (!has_room_for(message)) {
    world_.observer.reached(base::Mark::append_without_room);
    return machine_.want_durable();  // it may not know that the log waits for it
  }
  if (pass_on(message)) return wake();
  is_asked_to_lead_ = std::holds_alternative<raft::TimeoutNow>(message);
  step(raft::Received{from, std::move(message)});
  is_asked_to_lead_ = false;
  wake();
}

void Replica::on_unreachable(base::MemberId peer) {
  if (!is_running()) return;
  step(raft::Unreachable{peer});
  wake();
}

// What would make the log longer than it may be is lost: its sender comes again, or has a limit of its own. But when the store holds all
// that is known to be committed, waiting makes no room: what comes may replace a tail that lost, or commit it.
bool Replica::has_room_for(const raft::Message& message) const {
  if (std::holds_alternative<raft::ForwardedProposal>(message)) return gate().has_value();
  const auto* append = std::get_if<raft::Append>(&message);
  if (append == nullptr || append->entries.empty() || durable_.applied >= raft_->committed()) return true;
  return raft_->log().entry_count() < options_.kept_entries_max && raft_->log().size_bytes() < options_.kept_bytes_max;
}

void Replica::step(const raft::Input& input) {
  output_.clear();
  raft_->step(input, output_);
  perform();
}

void Replica::perform() {
  if (output_.hard_state && output_.hard_state->voted_for != base::MemberId::none && output_.hard_state->voted_for != identity_.member) {
    world_.observer.on_event(io::VoteGiven{output_.hard_state->term, output_.hard_state->voted_for});
  }
  world_.observer.reached(output_.marks);
  if (output_.install) begin_install(*output_.install);
  writer_->add(output_);
  for (const base::Entry& entry : output_.entries) world_.observer.on_event(io::Appended{entry.id, entry.kind, entry.bytes()});
  send(output_.messages);
  send(output_.after_persist);  // what had nothing to wait for
  for (const raft::ReadReady& ready : output_.reads) reads_.on_ready(ready);
  for (const base::MemberId peer : output_.snapshots) {
    if (const base::Status begun = outgoing_.begin(peer, *raft_); !begun) return stop(begun.error());
  }
  // reads_refused: they are asked again, or refused when there is another leader.
  observe_commits();
  tell_part();
  tell_configuration();
  outgoing_.cancel_needless(*raft_);
}

void Replica::send(std::vector<raft::Outbound>& messages) {
  if (messages.empty()) return;
  ASSERT(transport_ != nullptr);
  for (raft::Outbound& one : messages) transport_->send(one.to, std::move(one.message));
  messages.clear();
}

void Replica::tell_part() {
  const raft::Role role = raft_->role();
  const io::Part part = role == raft::Role::leader      ? io::Part::leader
                        : role == raft::Role::candidate ? io::Part::candidate
                                                        : io::Part::follower;
  const io::PartTaken now{raft_->term(), part, identity_.member, raft_->leader(), is_asked_to_lead_};
  if (now.term != part_told_.term || now.part != part_told_.part || now.leader != part_told_.leader) {
    part_told_ = now;
    world_.observer.on_event(now);
  }
  if (role == raft::Role::leader) led_term_ = raft_->term();
  const base::MemberId leader = raft_->leader();
  const bool is_same = leader == leader_told_ && (leader == base::MemberId::none || leader_term_told_ == raft_->term());
  if (is_same) return;
  leader_told_ = leader;
  leader_term_told_ = raft_->term();
  // Etcd's words (behaviour reference §9): a question that was asked of another leader is not asked again.
  if (leader != base::MemberId::none) {
    reads_.refuse_under_way({base::Code::not_leader, "another leader came while the question was under way"});
  }
  listener_.on_leader(leader);
}

void Replica::tell_configuration() {
  const bool is_certain = raft_->is_configuration_certain();
  if (configurations_told_ == raft_->configuration_count() && is_certain_told_ == is_certain) return;
  configurations_told_ = raft_->configuration_count();
  is_certain_told_ = is_certain;
  listener_.on_configuration();
}

// --- proposals and reads ----------------------------------------------------------------------------

void Replica::flush_proposals() {
  const bool has_leader = raft_->leader() != base::MemberId::none;
  if (proposals_.has_passed_on() && has_leader && !raft_->is_handing_over()) step(proposals_.take_passed_on());
  while (!proposals_.is_queue_empty() && !is_refused_ && raft_->leader() != base::MemberId::none) {
    const bool leads = raft_->role() == raft::Role::leader;
    is_refused_ = !propose_queued(leads ? options_.write_batch_bytes : options_.forward_bytes_max);
  }
}

bool Replica::propose_queued(std::uint64_t bytes_max) {
  const Proposals::Batch batch = proposals_.next_batch(bytes_max);
  if (batch.propose.items.empty()) {
    proposals_.drop(batch);
    return true;
  }
  output_.clear();
  raft_->step(batch.propose, output_);
  const bool is_taken = !output_.proposal_refused;
  if (is_taken) proposals_.drop(batch);
  perform();
  return is_taken;
}

// A leader that hands over takes no proposals, and one that has done so may still be sent some: its followers hear of the next leader
// a little later. They go on to that one, each as what it was: one message on its way. Nobody else passes anything on, so they cannot
// go in circles.
bool Replica::pass_on(const raft::Message& message) {
  const auto* proposal = std::get_if<raft::ForwardedProposal>(&message);
  if (proposal == nullptr || proposal->term != led_term_) return false;
  const bool leads = raft_->role() == raft::Role::leader && raft_->term() == led_term_;
  if (leads && !raft_->is_handing_over()) return false;
  world_.observer.reached(base::Mark::proposal_passed_on);
  proposals_.add_passed_on(*proposal);
  return true;
}

void Replica::flush_reads() {
  if (raft_->leader() == base::MemberId::none) return;
  if (const std::optional<raft::ReadToken> token = reads_.ask()) step(raft::ReadRequest{*token});
}

void Replica::ask_again() {
  reads_.forget_abandoned();
  if (raft_->role() == raft::Role::leader || raft_->leader() == base::MemberId::none) return;
  for (const raft::ReadToken token : reads_.ask_again(options_.read_retry_ticks)) {
    world_.observer.reached(base::Mark::read_asked_again);
    step(raft::ReadRequest{token});
  }
}

// --- snapshots --------------------------------------------------------------------------------------

void Replica::on_snapshot_over(base::MemberId peer, base::Status status) {
  if (!is_running()) return;
  const base::Result<bool> arrived = outgoing_.on_over(peer, status);
  if (!arrived) return stop(arrived.error());
  if (!*arrived) return;
  step(raft::SnapshotOver{peer});
  wake();
}

std::unique_ptr<SnapshotSink> Replica::on_snapshot_offered(base::MemberId from, const raft::Snapshot& snapshot) {
  if (!is_running()) return nullptr;
  if (!incoming_.is_free()) {
    world_.observer.reached(base::Mark::snapshot_declined_busy);
    return nullptr;
  }
  if (snapshot.term < raft_->term() || snapshot.last.index <= raft_->committed() || raft_->log().contains(snapshot.last)) {
    // Raft has no use for its state, and says so, or how far it is: the leader would offer it again and again.
    world_.observer.reached(base::Mark::snapshot_declined);
    step(raft::Received{from, snapshot});
    wake();
    return nullptr;
  }
  return incoming_.receive({from, snapshot}, durable_.generation);
}

void Replica::on_snapshot_arrived() { wake(); }

// Now that nothing of it can be lost any more raft may hear of it.
void Replica::take_arrived() {
  const std::optional<IncomingSnapshot::Arrived> what = incoming_.take_arrived();
  if (what) step(raft::Received{what->from, what->snapshot});
}

// Raft wants it: its log begins behind it from now on.
void Replica::begin_install(const raft::Snapshot& snapshot) {
  const base::StoreMark store = incoming_.begin_install();
  ASSERT(store.applied == snapshot.last.index);
  base::LogStart start{snapshot.last, raft::encode(snapshot.configuration)};
  world_.observer.on_event(io::LogReplaced{snapshot.last, start.configuration});
  commit_observed_ = std::max(commit_observed_, snapshot.last.index);
  writer_->add_install(std::move(start), store);
}

void Replica::on_snapshot_installed(const base::Result<base::StoreMark>& store) {
  if (!is_running()) return;
  if (!store) return stop(store.error());
  durable_ = *store;
  applied_ = {raft_->log().term_at(durable_.applied), durable_.applied};
  ASSERT(machine_.applied() == applied_.index);
  world_.observer.on_event(io::Installed{applied_, durable_, machine_.state_hash()});
  wake();
}

}  // namespace replica
