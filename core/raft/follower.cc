// What a follower does with what its leader says (Raft §5.3, §7).
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/raft/raft.h"

namespace raft {

void Raft::hear_leader(base::MemberId from, Output& output) {
  ASSERT(role_ != Role::leader);  // one leader per term (§5.2)
  ASSERT(leader_ == base::MemberId::none || leader_ == from);
  if (role_ == Role::candidate) output.marks.add(base::Mark::candidate_met_leader);
  if (role_ != Role::follower || leader_ != from) become_follower(term_, from, output);
  election_elapsed_ticks_ = 0;
}

void Raft::on_append(base::MemberId from, const Append& append, Output& output) {
  hear_leader(from, output);
  // Up to what is committed the two logs are the same, whether or not this one still has it.
  if (append.previous.index >= committed_ && !log_.contains(append.previous)) {
    output.messages.push_back({from, AppendReply{term_, false, append.previous.index, log_.last_not_above(append.previous)}});
    return;
  }
  accept(append.entries, output);
  const base::LogIndex matched = std::max(committed_, append.previous.index.plus(append.entries.size()));
  commit_to(std::min(append.committed, matched));
  if (!append.is_news_only) output.after_persist.push_back({from, AppendReply{term_, true, matched, {}}});
}

// Takes over what is not there yet. Nothing is cut off that the leader has as well: a late append may be shorter than the log (§5.3).
void Raft::accept(const std::vector<base::Entry>& entries, Output& output) {
  for (const base::Entry& entry : entries) {
    if (entry.id.index <= log_.last_dropped().index || log_.contains(entry.id)) continue;
    if (entry.id.index <= log_.last().index) {
      ASSERT(entry.id.index > committed_);  // what is committed is in every later leader's log (§5.4.3)
      output.marks.add(base::Mark::conflict_truncated);
      log_.truncate_after(entry.id.index.previous());
      persisted_ = std::min(persisted_, log_.last());
      if (configurations_.back().index > log_.last().index) output.marks.add(base::Mark::group_change_undone);
      forget_configurations_after(log_.last().index);
    }
    if (entry.kind == base::EntryKind::configuration) {
      base::Result<Configuration> configuration = decode_configuration(entry.bytes());
      ASSERT(configuration.has_value());
      persist(entry, output);
      use_configuration(entry.id.index, std::move(*configuration));
    } else {
      persist(entry, output);
    }
  }
}

void Raft::commit_to(base::LogIndex index) { committed_ = std::max(committed_, std::min(index, log_.last().index)); }

// The leader names no more than it knows to be here.
void Raft::on_heartbeat(base::MemberId from, const Heartbeat& heartbeat, Output& output) {
  hear_leader(from, output);
  commit_to(heartbeat.committed);
  output.messages.push_back({from, HeartbeatReply{term_, heartbeat.round}});
}

void Raft::on_snapshot(base::MemberId from, const Snapshot& snapshot, Output& output) {
  hear_leader(from, output);
  if (log_.contains(snapshot.last)) {  // what it brings is here, and more perhaps
    output.marks.add(base::Mark::snapshot_was_here);
    commit_to(snapshot.last.index);
  } else if (snapshot.last.index <= committed_) {
    output.marks.add(base::Mark::snapshot_was_old);
  }
  if (snapshot.last.index > committed_) {
    if (log_.last().index > snapshot.last.index) output.marks.add(base::Mark::snapshot_replaced_longer_log);
    log_.reset(snapshot.last);
    committed_ = snapshot.last.index;
    persisted_ = snapshot.last;
    configurations_.clear();
    use_configuration(snapshot.last.index, snapshot.configuration);
    output.entries.clear();
    output.install = snapshot;
  }
  output.after_persist.push_back({from, AppendReply{term_, true, committed_, {}}});
}

}  // namespace raft
