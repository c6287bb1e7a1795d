#include "core/replica/replica.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/replica/command.h"

namespace replica {

namespace {

// For how many election timeouts a store may get nowhere before somebody else shall lead.
constexpr std::uint32_t kStoreElections = 3;

// Requires: all of them can be decoded.
raft::Configuration newest_configuration(const wal::State& state) {
  std::string_view bytes = state.start.configuration;
  for (const base::Entry& entry : state.entries) {
    if (entry.kind == base::EntryKind::configuration) bytes = entry.bytes();
  }
  return *raft::decode_configuration(bytes);
}

}  // namespace

Replica::Replica(const io::World& world, Options options, StateMachine& machine, Transport* transport, ReplicaListener& listener)
    : world_(world),
      options_(std::move(options)),
      machine_(machine),
      transport_(transport),
      listener_(listener),
      outgoing_(world, machine, transport, options_.snapshots_max),
      incoming_(world, machine, *this),
      boot_(world, machine, *this) {
  ASSERT(options_.unapplied_entries_max > 0);
  ASSERT(options_.catch_up_entries < options_.kept_entries_max);
}

Replica::~Replica() {
  if (transport_ != nullptr) transport_->stop();  // it may hold a snapshot that is coming in
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

// --- start and stop ---------------------------------------------------------------------------------

void Replica::start() {
  ASSERT(raft_ == nullptr);
  wal::State initial;
  initial.identity = options_.identity;
  initial.start.configuration = raft::encode(options_.configuration);
  initial.store_mark = {base::StoreGeneration(1), base::LogIndex()};
  boot_.start(options_.wal, std::move(initial), *this);
}

void Replica::on_booted(base::Result<Booted> booted) {
  if (stopped_) return;
  if (!booted) return stop(booted.error());
  identity_ = booted->state.identity;
  if (const base::Status good = check_boot(booted->state); !good) return stop(good.error());
  if (options_.goes_on_alone && newest_configuration(booted->state).members.size() > 1) {
    if (const base::Status alone = begin_alone(std::move(*booted)); !alone) stop(alone.error());
    return;
  }
  const wal::State state = booted->state;  // shared bytes; the log wants to know them as well
  begin(state, std::move(*booted));
}

// Raft trusts what it is given: whatever cannot be read is refused here.
base::Status Replica::check_boot(const wal::State& state) const {
  const base::Result<raft::Configuration> configuration = raft::decode_configuration(state.start.configuration);
  if (!configuration) return base::fail(configuration.error());
  for (const base::Entry& entry : state.entries) {
    if (entry.kind != base::EntryKind::configuration) continue;
    if (const auto changed = raft::decode_configuration(entry.bytes()); !changed) return base::fail(changed.error());
  }
  // That the group does not have this member yet, or any more, is no damage: one that joined reads how the group began, and of its removal
  // the tenant's state tells.
  if (transport_ == nullptr && newest_configuration(state).members.size() != 1 && !options_.goes_on_alone) {
    return base::fail(base::Code::invalid, "the log names a group of several members, and this one has no way to reach the others");
  }
  return {};
}

// The whole log stays, as if this member had been elected. (Etcd drops what it does not know to be committed; here the disk's word on
// that is a hint, and lags behind what clients were told.) The new entry has a term of its own: it must not be taken for another one of
// the same place.
base::Status Replica::begin_alone(Booted booted) {
  wal::State state = booted.state;
  const raft::Configuration before = newest_configuration(state);
  const raft::Member* const self = before.find(identity_.member);
  if (self == nullptr) {
    return base::fail(base::Code::invalid, "this member, " + base::to_text(identity_.member) + ", was removed, or has never known that it was added: it "
                                           "cannot go on alone");
  }
  const raft::Configuration alone{{raft::Member{self->id, false, self->context}}};
  const base::Entry entry{{state.hard_state.term.next(), state.last().index.next()},
                          base::EntryKind::configuration,
                          std::make_shared<const std::string>(raft::encode(alone))};
  state.hard_state = {entry.id.term, base::MemberId::none, entry.id.index};
  state.entries.push_back(entry);
  LogWriterListener& written = *this;
  writer_ = std::make_unique<LogWriter>(world_, options_.wal, std::move(booted), options_.write_batch_bytes, written);
  output_.clear();
  output_.hard_state = state.hard_state;
  output_.entries.push_back(entry);
  writer_->add(output_);
  writer_->flush(entry.id.index);
  alone_ = std::move(state);
  return {};
}

void Replica::begin(const wal::State& state, std::optional<Booted> log) {
  const base::EntryId last = state.last();
  durable_ = state.store_mark;

  raft::Remembered remembered;
  remembered.hard_state = state.hard_state;
  remembered.last_dropped = state.start.last_dropped;
  remembered.configuration = *raft::decode_configuration(state.start.configuration);
  remembered.entries = state.entries;
  remembered.applied = machine_.applied();
  raft::Options options;
  options.self = identity_.member;
  options.election_ticks = options_.election_ticks;
  options.flow = options_.flow;
  options.uncommitted_bytes_max = options_.kept_bytes_max / 2;
  raft_ = std::make_unique<raft::Raft>(options, std::move(remembered));
  applied_ = {raft_->log().term_at(machine_.applied()), machine_.applied()};
  commit_observed_ = applied_.index;
  configurations_told_ = raft_->configuration_count();
  is_certain_told_ = raft_->is_configuration_certain();
  // Two incarnations must not share request ids: an old entry would answer a new request.
  next_request_id_ = world_.random.draw("request-id", {}) | 1U;
  next_read_token_ = world_.random.draw("read-token", {}) >> 1U;  // likewise, and it must not wrap around
  world_.observer.on_event(io::Recovered{raft_->log().first_index(), last, {durable_.generation, applied_.index},
                                         machine_.state_hash(), identity_.member, state.start.configuration});
  LogWriterListener& written = *this;
  if (log) writer_ = std::make_unique<LogWriter>(world_, options_.wal, std::move(*log), options_.write_batch_bytes, written);
  world_.clock.arm(*this, world_.clock.now());
  observe_commits();
  apply_slice();
  if (stopped_) return;
  part_told_ = {raft_->term(), io::Part::follower, identity_.member, base::MemberId::none};
  listener_.on_started();
  if (stopped_ || transport_ == nullptr) return;
  TransportListener& messages = *this;
  transport_->start(messages);
}

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
  std::map<std::uint64_t, Proposal*> proposals;
  proposals.swap(proposals_);
  const base::Error unknown{base::Code::outcome_unknown, "the member stopped: " + why};
  for (const auto& waiting : proposals) {
    waiting.second->request_id_ = 0;
    waiting.second->on_refused(unknown);
  }
  base::IntrusiveList<ReadWait> reads;
  for (const std::unique_ptr<ReadGroup>& group : read_groups_) reads.take_all(group->waiting);
  reads.take_all(queued_reads_);
  const base::Error unavailable{base::Code::unavailable, unknown.detail};
  while (!reads.is_empty()) reads.pop_front().on_refused(unavailable);
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
    return base::fail(base::Code::overloaded, std::to_string(unapplied) + " committed entries wait to be applied");
  }
  const std::uint64_t kept = raft_->log().entry_count() + queued_count_ + passed_on_.items.size();
  if (kept >= options_.kept_entries_max || raft_->log().size_bytes() + queued_bytes_ + passed_on_bytes_ >= options_.kept_bytes_max) {
    return base::fail(base::Code::overloaded, "the log waits for the store before it can be truncated");
  }
  return {};
}

base::Status Replica::propose(std::string_view command, std::string_view user, std::uint64_t auth_revision,
                              Proposal& proposal) {
  ASSERT(proposal.request_id_ == 0);
  if (base::Status open = gate(); !open) return open;
  proposal.request_id_ = next_request_id_;
  next_request_id_ += 2;  // stays odd, hence never 0
  proposals_.emplace(proposal.request_id_, &proposal);
  auto record = std::make_shared<const std::string>(encode_command({proposal.request_id_, user, auth_revision}, command));
  queued_bytes_ += record->size();
  ++queued_count_;
  queued_.push_back({proposal.request_id_, std::move(record)});
  wake();
  return {};
}

void Replica::abandon(Proposal& proposal) {
  proposals_.erase(proposal.request_id_);
  const auto queued = std::lower_bound(queued_.begin(), queued_.end(), proposal.request_id_,
                                       [](const QueuedCommand& one, std::uint64_t id) { return one.request_id < id; });
  if (queued != queued_.end() && queued->request_id == proposal.request_id_) {
    --queued_count_;
    queued_bytes_ -= queued->record->size();
    queued->record.reset();
    forget_abandoned();
  }
  proposal.request_id_ = 0;
}

// While there is no leader nobody else takes them out.
void Replica::forget_abandoned() {
  constexpr std::uint64_t kNotWorthIt = 1000;
  if (queued_.size() < 2 * queued_count_ + kNotWorthIt) return;
  queued_.erase(std::remove_if(queued_.begin(), queued_.end(), [](const QueuedCommand& one) { return one.record == nullptr; }), queued_.end());
}

void Replica::read_index(ReadWait& wait) {
  ASSERT(is_running());
  queued_reads_.push_back(wait);
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
  return {raft_->role(), raft_->term(), raft_->leader(), raft_->committed(), applied_.index, applied_.term, raft_->is_led()};
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
  world_.clock.arm(*this, world_.clock.now() + options_.tick_interval);
  is_refused_ = false;
  for (const base::MemberId peer : outgoing_.take_failed()) step(raft::SnapshotOver{peer});
  step(raft::Tick{election_jitter_ticks()});
  ask_again();
  watch_disk();
  // Whoever waited for these has given up: they would take effect when nobody expects it any more.
  if (++passed_on_ticks_ > 2 * options_.election_ticks) {
    passed_on_.items.clear();
    passed_on_bytes_ = 0;
  }
  wake();
}

// A leader's heartbeats need no disk, so one whose log write never ends would lead for good and answer nobody: what it hears
// committed it must not apply before it has it itself. Somebody else shall lead.
void Replica::watch_disk() {
  const std::uint64_t write = writer_->write_under_way();
  write_ticks_ = write != 0 && write == write_watched_ ? write_ticks_ + 1 : 0;
  write_watched_ = write;
  // Nor is anything written while the log is full, and full it stays as long as the store gets nowhere. A store may be slow for a while,
  // so this takes longer.
  const bool is_refusing = !gate() && durable_ == durable_watched_;
  refusing_ticks_ = is_refusing ? refusing_ticks_ + 1 : 0;
  durable_watched_ = durable_;
  if (write_ticks_ < options_.election_ticks && refusing_ticks_ < kStoreElections * options_.election_ticks) return;
  const base::MemberId to = successor();
  if (to == base::MemberId::none) return;  // just when it looks who is there nobody is known to be: the next tick will do
  write_ticks_ = 0;
  refusing_ticks_ = 0;
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
  if (!has_room_for(message)) return machine_.want_durable();  // it may not know that the log waits for it
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
  if (output_.install) begin_install(*output_.install);
  writer_->add(output_);
  for (const base::Entry& entry : output_.entries) world_.observer.on_event(io::Appended{entry.id, entry.kind, entry.bytes()});
  send(output_.messages);
  send(output_.after_persist);  // what had nothing to wait for
  for (const raft::ReadReady& ready : output_.reads) on_read_ready(ready);
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
  if (leader != base::MemberId::none) refuse_reads_under_way();
  listener_.on_leader(leader);
}

void Replica::tell_configuration() {
  const bool is_certain = raft_->is_configuration_certain();
  if (configurations_told_ == raft_->configuration_count() && is_certain_told_ == is_certain) return;
  configurations_told_ = raft_->configuration_count();
  is_certain_told_ = is_certain;
  listener_.on_configuration();
}

// --- proposals --------------------------------------------------------------------------------------

void Replica::flush_proposals() {
  flush_passed_on();
  while (!queued_.empty() && !is_refused_ && raft_->leader() != base::MemberId::none) {
    const bool leads = raft_->role() == raft::Role::leader;
    is_refused_ = !propose_queued(leads ? options_.write_batch_bytes : options_.forward_bytes_max);
  }
}

// A leader that hands over takes no proposals, and one that has done so may still be sent some: its followers hear of the next leader
// a little later. They go on to that one, each as what it was: one message on its way. Nobody else passes anything on, so they cannot
// go in circles.
bool Replica::pass_on(const raft::Message& message) {
  const auto* proposal = std::get_if<raft::ForwardedProposal>(&message);
  if (proposal == nullptr || proposal->term != led_term_) return false;
  const bool leads = raft_->role() == raft::Role::leader && raft_->term() == led_term_;
  if (leads && !raft_->is_handing_over()) return false;
  if (passed_on_.items.empty()) passed_on_ticks_ = 0;
  for (const raft::ProposalItem& item : proposal->items) {
    passed_on_bytes_ += item.data != nullptr ? item.data->size() : 0;
    passed_on_.items.push_back(item);
  }
  return true;
}

void Replica::flush_passed_on() {
  if (passed_on_.items.empty() || raft_->leader() == base::MemberId::none || raft_->is_handing_over()) return;
  raft::Propose batch;
  batch.items.swap(passed_on_.items);
  passed_on_bytes_ = 0;
  step(batch);
}

bool Replica::propose_queued(std::uint64_t bytes_max) {
  raft::Propose batch;
  std::uint64_t bytes = 0;
  auto next = queued_.begin();
  for (; next != queued_.end(); ++next) {
    if (next->record == nullptr) continue;
    if (!batch.items.empty() && bytes + next->record->size() > bytes_max) break;
    bytes += next->record->size();
    batch.items.push_back({base::EntryKind::command, next->record});
  }
  const std::uint64_t count = batch.items.size();
  bool is_taken = true;
  if (count > 0) {
    output_.clear();
    raft_->step(batch, output_);
    is_taken = !output_.proposal_refused;
  }
  if (is_taken) {
    queued_.erase(queued_.begin(), next);
    queued_count_ -= count;
    queued_bytes_ -= bytes;
  }
  if (count > 0) perform();
  return is_taken;
}

// --- reads ------------------------------------------------------------------------------------------

void Replica::flush_reads() {
  if (queued_reads_.is_empty() || raft_->leader() == base::MemberId::none) return;
  auto group = std::make_unique<ReadGroup>();
  group->waiting.take_all(queued_reads_);
  read_groups_.push_back(std::move(group));
  ask(*read_groups_.back());
}

void Replica::ask(ReadGroup& group) {
  const raft::ReadToken token{next_read_token_++};
  group.tokens.push_back(token);
  group.waited_ticks = 0;
  step(raft::ReadRequest{token});
}

// A question to another member may be lost, or its answer. A leader's own goes on with every heartbeat.
void Replica::ask_again() {
  while (!read_groups_.empty() && read_groups_.front()->waiting.is_empty()) read_groups_.pop_front();
  if (raft_->role() == raft::Role::leader || raft_->leader() == base::MemberId::none) return;
  for (std::size_t i = 0; i < read_groups_.size(); ++i) {
    ReadGroup& group = *read_groups_[i];
    if (!group.is_confirmed && !group.waiting.is_empty() && ++group.waited_ticks >= options_.read_retry_ticks) ask(group);
  }
}

// Whoever was asked earlier may be answered with it as well: what was committed then is committed now.
void Replica::on_read_ready(const raft::ReadReady& ready) {
  const auto is_asked = [&](const std::unique_ptr<ReadGroup>& group) {
    return std::binary_search(group->tokens.begin(), group->tokens.end(), ready.token);
  };
  const auto found = std::find_if(read_groups_.begin(), read_groups_.end(), is_asked);
  if (found == read_groups_.end()) return;
  for (auto group = read_groups_.begin(); group <= found; ++group) {
    if ((*group)->is_confirmed) continue;
    (*group)->is_confirmed = true;
    (*group)->index = ready.index;
  }
}

// Etcd's words (behaviour reference §9): a question that was asked of another leader is not asked again.
void Replica::refuse_reads_under_way() {
  base::IntrusiveList<ReadWait> refused;
  for (const std::unique_ptr<ReadGroup>& group : read_groups_) {
    if (!group->is_confirmed) refused.take_all(group->waiting);
  }
  const base::Error changed{base::Code::not_leader, "another leader came while the question was under way"};
  while (!refused.is_empty()) refused.pop_front().on_refused(changed);
}

// --- committed entries ------------------------------------------------------------------------------

void Replica::observe_commits() {
  while (commit_observed_ < raft_->committed()) {
    commit_observed_ = commit_observed_.next();
    world_.observer.on_event(io::Committed{{raft_->log().term_at(commit_observed_), commit_observed_}});
  }
}

void Replica::apply_slice() {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  bool is_blocked = false;
  const base::LogIndex limit = may_apply_to();
  while (!stopped_ && applied_.index < limit && entries < options_.apply_slice_entries &&
         bytes < options_.apply_slice_bytes) {
    // Full: the store has to write first, and calls on_room() when it has.
    is_blocked = machine_.unmaterialised_bytes() >= options_.unmaterialised_bytes_max;
    if (is_blocked) break;
    const base::Entry& entry = raft_->log().at(applied_.index.next());
    bytes += entry.bytes().size();
    ++entries;
    apply_one(entry);
  }
  if (stopped_) return;
  answer_reads();
  if (applied_.index < may_apply_to() && !is_blocked && !hurry_) {
    hurry_ = true;
    world_.loop.on_next_turn(*this);
  }
}

// A leader may know that others have an entry before its own disk does. The store must not: after a crash it would be ahead of the log.
base::LogIndex Replica::may_apply_to() const {
  if (incoming_.is_installing()) return applied_.index;  // what comes next here is behind the snapshot
  return std::min(raft_->committed(), raft_->persisted().index);
}

void Replica::apply_one(const base::Entry& entry) {
  Proposal* waiting = nullptr;
  std::string response;
  base::Result<Effect> effect;
  switch (entry.kind) {
    case base::EntryKind::empty:
      effect = machine_.apply_empty(entry.id);
      break;
    case base::EntryKind::configuration: {
      const base::Result<raft::Configuration> configuration = raft::decode_configuration(entry.bytes());
      ASSERT(configuration.has_value());  // raft has read it
      effect = machine_.apply_configuration(entry.id, *configuration);
      break;
    }
    case base::EntryKind::command: {
      const base::Result<DecodedCommand> command = decode_command(entry.bytes());
      // Every member would say the same of these bytes; going on without them would be a lie.
      if (!command) return stop(command.error());
      const auto found = proposals_.find(command->requester.request_id);
      if (found != proposals_.end()) waiting = found->second;
      effect = machine_.apply({entry.id, command->requester, command->bytes}, waiting != nullptr ? &response : nullptr);
      break;
    }
  }
  // The disk's failure is never a command's result: two members would answer differently. Whoever waits
  // is told by stop() that the outcome is unknown.
  if (!effect) return stop(effect.error());
  if (stopped_) return;
  applied_ = entry.id;
  ASSERT(machine_.applied() == applied_.index);
  world_.observer.on_event(io::Applied{entry.id, effect->effect, effect->state});
  if (is_crowded()) machine_.want_durable();
  if (waiting == nullptr) return;
  abandon(*waiting);
  waiting->on_applied(std::move(response));
}

void Replica::answer_reads() {
  while (!read_groups_.empty()) {
    ReadGroup& front = *read_groups_.front();
    if (front.waiting.is_empty()) {
      read_groups_.pop_front();
      continue;
    }
    if (!front.is_confirmed || front.index > applied_.index) return;
    // Taken out first: a reader may ask the next question from its answer.
    const std::unique_ptr<ReadGroup> group = std::move(read_groups_.front());
    read_groups_.pop_front();
    while (!group->waiting.is_empty()) group->waiting.pop_front().on_readable();
  }
}

// --- the store --------------------------------------------------------------------------------------

void Replica::on_durable(const base::StoreMark& mark) {
  if (!is_running() || incoming_.is_installing()) return;  // of a store that has had its day
  ASSERT(mark >= durable_);
  ASSERT(mark.applied <= applied_.index);
  durable_ = mark;
  world_.observer.on_event(io::StoreDurable{mark});
  writer_->add_store_mark(mark);
  truncate_log();
  wake();
}

void Replica::on_room() {
  if (is_running()) wake();
}

bool Replica::is_crowded() const {
  return raft_->log().entry_count() * 2 > options_.kept_entries_max || raft_->log().size_bytes() * 2 > options_.kept_bytes_max;
}

// Drops what the store holds durably, but leaves some for members that lag, while there is room for it.
void Replica::truncate_log() {
  const raft::Log& log = raft_->log();
  const bool crowded = is_crowded();
  // One that joins may read in its log of a group of one that was not it.
  const bool is_alone = raft_->configuration().members.size() == 1 && raft_->configuration().is_voter(identity_.member);
  if (!is_alone && !crowded) return;
  // A group drops only what lies beyond half of the bounds: whoever needs that gets a snapshot.
  const std::uint64_t by_count = std::min(log.entry_count(), options_.kept_entries_max / 2);
  const std::uint64_t bytes_each = log.size_bytes() / std::max<std::uint64_t>(log.entry_count(), 1) + 1;
  const std::uint64_t by_bytes = options_.kept_bytes_max / 2 / bytes_each;
  const std::uint64_t catch_up = !is_alone ? std::min(by_count, by_bytes) : crowded ? 0 : options_.catch_up_entries;
  const std::uint64_t durable_entries = durable_.applied.since(std::min(durable_.applied, log.last_dropped().index));
  if (durable_entries < catch_up + options_.truncate_step_entries && !(crowded && durable_entries > catch_up)) return;
  base::LogIndex through = log.last_dropped().index.plus(durable_entries - catch_up);
  // Who gets a snapshot needs what comes behind it: a little more is kept, or the next one would be due when this one arrives.
  const bool is_full = log.entry_count() * 4 > options_.kept_entries_max * 3 || log.size_bytes() > options_.kept_bytes_max / 4 * 3;
  if (!is_full) through = std::min(through, outgoing_.oldest().value_or(through));
  if (through <= log.last_dropped().index) return;
  writer_->add_start(raft_->drop_through(through));
  world_.observer.on_event(io::LogTruncated{through});
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
  if (!is_running() || !incoming_.is_free()) return nullptr;
  if (snapshot.term < raft_->term() || snapshot.last.index <= raft_->committed() || raft_->log().contains(snapshot.last)) {
    // Raft has no use for its state, and says so, or how far it is: the leader would offer it again and again.
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
