// Committed entries on their way into the state machine, and the log behind its store.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/replica/command.h"
#include "core/replica/replica.h"

namespace replica {

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
  if (limit < raft_->committed() && !incoming_.is_installing()) world_.observer.reached(base::Mark::apply_waits_for_own_log);
  while (!stopped_ && applied_.index < limit && entries < options_.apply_slice_entries &&
         bytes < options_.apply_slice_bytes) {
    // Full: the store has to write first, and calls on_room() when it has.
    is_blocked = machine_.unmaterialised_bytes() >= options_.unmaterialised_bytes_max;
    if (is_blocked) {
      world_.observer.reached(base::Mark::apply_waits_for_store);
      break;
    }
    const base::Entry& entry = raft_->log().at(applied_.index.next());
    bytes += entry.bytes().size();
    ++entries;
    apply_one(entry);
  }
  if (stopped_) return;
  reads_.answer(applied_.index);
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
      waiting = proposals_.find(command->requester.request_id);
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
  // A group drops only what lies beyond half of the bounds: whoever needs that gets a snapshot. Beyond half of the bytes all goes that the
  // store has, however large each entry is: when it is at rest it says no more, and a log that were still full then would stay so.
  const base::LogIndex durable = std::max(durable_.applied, log.last_dropped().index);
  const std::uint64_t durable_entries = durable.since(log.last_dropped().index);
  const std::uint64_t half_of_them = std::min(log.entry_count(), options_.kept_entries_max / 2);
  const std::uint64_t catch_up = !is_alone ? half_of_them : crowded ? 0 : options_.catch_up_entries;
  base::LogIndex through = log.last_dropped().index.plus(durable_entries - std::min(durable_entries, catch_up));
  if (!is_alone) through = std::max(through, std::min(durable, log.surplus_through(options_.kept_bytes_max / 2)));
  const std::uint64_t count = through.since(log.last_dropped().index);
  if (count < options_.truncate_step_entries && !(crowded && count > 0)) return;
  // Who gets a snapshot needs what comes behind it: a little more is kept, or the next one would be due when this one arrives.
  const bool is_full = log.entry_count() * 4 > options_.kept_entries_max * 3 || log.size_bytes() > options_.kept_bytes_max / 4 * 3;
  const base::LogIndex wanted = std::min(through, outgoing_.oldest().value_or(through));
  if (wanted < through) world_.observer.reached(is_full ? base::Mark::log_cut_under_snapshot : base::Mark::snapshot_outlived_by_log);
  if (!is_full) through = wanted;
  if (through <= log.last_dropped().index) return;
  writer_->add_start(raft_->drop_through(through));
  world_.observer.on_event(io::LogTruncated{through});
}

}  // namespace replica
