#include "core/replica/replica.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/replica/command.h"

namespace replica {

namespace {

base::EntryId last_of(const wal::State& state) {
  return state.entries.empty() ? state.start.last_dropped : state.entries.back().id;
}

}  // namespace

Replica::Replica(const io::World& world, Options options, StateMachine& machine, ReplicaListener& listener)
    : world_(world), options_(std::move(options)), machine_(machine), listener_(listener), boot_(world, machine, *this) {
  ASSERT(options_.unapplied_entries_max > 0);
  ASSERT(options_.catch_up_entries < options_.kept_entries_max);
}

Replica::~Replica() {
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
  wal::State& state = booted->state;
  base::Result<raft::Configuration> configuration = raft::decode_configuration(state.start.configuration);
  if (!configuration) return stop(configuration.error());
  identity_ = state.identity;
  // Raft trusts what it is given: whatever cannot be read is refused here.
  for (const base::Entry& entry : state.entries) {
    if (entry.kind != base::EntryKind::configuration) continue;
    if (const auto changed = raft::decode_configuration(entry.bytes()); !changed) return stop(changed.error());
  }
  if (configuration->voter_count() != 1 || !configuration->is_voter(identity_.member)) {
    return stop({base::Code::invalid, "this version runs groups of one voter, and the log names another group"});
  }
  const base::EntryId last = last_of(state);
  durable_ = state.store_mark;

  raft::Remembered remembered;
  remembered.hard_state = state.hard_state;
  remembered.last_dropped = state.start.last_dropped;
  remembered.configuration = std::move(*configuration);
  remembered.entries = state.entries;  // shared bytes; the log wants to know them as well
  remembered.applied = machine_.applied();
  raft::Options options;
  options.self = identity_.member;
  options.election_ticks = options_.election_ticks;
  raft_ = std::make_unique<raft::Raft>(options, std::move(remembered));
  applied_ = {raft_->log().term_at(machine_.applied()), machine_.applied()};
  commit_observed_ = applied_.index;
  // Two incarnations must not share request ids: an old entry would answer a new request.
  next_request_id_ = world_.random.draw("request-id", {}) | 1U;
  wal::Recovered log = std::move(*booted);
  world_.observer.on_event(io::Recovered{raft_->log().first_index(), last, {durable_.generation, applied_.index},
                                         machine_.state_hash()});
  LogWriterListener& written = *this;
  writer_ = std::make_unique<LogWriter>(world_, options_.wal, std::move(log), options_.write_batch_bytes, written);
  world_.clock.arm(*this, world_.clock.now());
  observe_commits();
  apply_slice();
  if (stopped_) return;
  listener_.on_started();
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
  const std::uint64_t kept = raft_->log().entry_count() + queued_.items.size();
  if (kept >= options_.kept_entries_max || raft_->log().size_bytes() + queued_bytes_ >= options_.kept_bytes_max) {
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
  queued_.items.push_back({base::EntryKind::command, std::move(record)});
  wake();
  return {};
}

void Replica::abandon(Proposal& proposal) {
  proposals_.erase(proposal.request_id_);
  proposal.request_id_ = 0;
}

void Replica::read_index(ReadWait& wait) {
  ASSERT(is_running());
  queued_reads_.push_back(wait);
  wake();
}

std::uint64_t Replica::record_overhead_bytes(std::string_view user) { return encode_command({0, user, 0}, {}).size(); }

const raft::Configuration& Replica::configuration() const {
  ASSERT(raft_ != nullptr);
  return raft_->configuration();
}

Status Replica::status() const {
  if (raft_ == nullptr) return {};
  return {raft_->role(), raft_->term(), raft_->leader(), raft_->committed(), applied_.index, applied_.term};
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
  flush_proposals();
  flush_reads();
  apply_slice();
  if (!stopped_) writer_->flush(raft_->committed());
}

void Replica::on_timer() {
  if (!is_running()) return;
  world_.clock.arm(*this, world_.clock.now() + options_.tick_interval);
  step(raft::Tick{election_jitter_ticks()});
  wake();
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

void Replica::on_log_written(const raft::Persisted& persisted) {
  if (!is_running()) return;
  world_.observer.on_event(io::LogSynced{persisted.last.index});
  step(persisted);
  wake();
}

void Replica::step(const raft::Input& input) {
  output_.clear();
  raft_->step(input, output_);
  writer_->add(output_);
  for (const base::Entry& entry : output_.entries) world_.observer.on_event(io::Appended{entry.id, entry.kind, entry.bytes()});
  for (const raft::ReadReady& ready : output_.reads) {
    for (const std::unique_ptr<ReadGroup>& group : read_groups_) {
      if (group->token != ready.token) continue;
      group->is_confirmed = true;
      group->index = ready.index;
    }
  }
  // We ask only while we lead, and this group's leader is never deposed.
  ASSERT(!output_.proposal_refused);
  ASSERT(output_.reads_refused.empty());
  observe_commits();
  if (raft_->leader() != leader_told_) {
    leader_told_ = raft_->leader();
    listener_.on_leader(leader_told_);
  }
}

void Replica::flush_proposals() {
  if (queued_.items.empty() || raft_->role() != raft::Role::leader) return;
  raft::Propose batch;
  batch.items.swap(queued_.items);
  queued_bytes_ = 0;
  step(batch);
}

void Replica::flush_reads() {
  if (queued_reads_.is_empty() || raft_->role() != raft::Role::leader) return;
  auto group = std::make_unique<ReadGroup>();
  group->token = {next_read_token_++};
  group->waiting.take_all(queued_reads_);
  const raft::ReadToken token = group->token;
  read_groups_.push_back(std::move(group));
  step(raft::ReadRequest{token});
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
  while (!stopped_ && applied_.index < raft_->committed() && entries < options_.apply_slice_entries &&
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
  if (applied_.index < raft_->committed() && !is_blocked && !hurry_) {
    hurry_ = true;
    world_.loop.on_next_turn(*this);
  }
}

void Replica::apply_one(const base::Entry& entry) {
  Proposal* waiting = nullptr;
  std::string response;
  base::Result<Effect> effect;
  switch (entry.kind) {
    case base::EntryKind::empty:
    case base::EntryKind::configuration:
      effect = machine_.apply_empty(entry.id);
      break;
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
    if (!front.is_confirmed || front.index > applied_.index) return;
    // Taken out first: a reader may ask the next question from its answer.
    const std::unique_ptr<ReadGroup> group = std::move(read_groups_.front());
    read_groups_.pop_front();
    while (!group->waiting.is_empty()) group->waiting.pop_front().on_readable();
  }
}

// --- the store --------------------------------------------------------------------------------------

void Replica::on_durable(const base::StoreMark& mark) {
  if (!is_running()) return;
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
  const std::uint64_t catch_up = crowded ? 0 : options_.catch_up_entries;
  const std::uint64_t durable_entries = durable_.applied.since(std::min(durable_.applied, log.last_dropped().index));
  if (durable_entries < catch_up + options_.truncate_step_entries && !(crowded && durable_entries > 0)) return;
  const base::LogIndex through = log.last_dropped().index.plus(durable_entries - catch_up);
  writer_->add_start(raft_->drop_through(through));
  world_.observer.on_event(io::LogTruncated{through});
}

}  // namespace replica
