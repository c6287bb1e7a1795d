// The start: from what the disks remember to a member that runs.
#include <string>
#include <string_view>
#include <utility>

#include "core/base/assert.h"
#include "core/replica/replica.h"

namespace replica {

namespace {

// Requires: all of them can be decoded.
raft::Configuration newest_configuration(const wal::State& state) {
  std::string_view bytes = state.start.configuration;
  for (const base::Entry& entry : state.entries) {
    if (entry.kind == base::EntryKind::configuration) bytes = entry.bytes();
  }
  return *raft::decode_configuration(bytes);
}

}  // namespace

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
  proposals_.begin(world_.random.draw("request-id", {}));
  reads_.begin(world_.random.draw("read-token", {}));
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

}  // namespace replica
