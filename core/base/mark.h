// core/base/mark.h: the rare branches that are counted (marks.h).
//
// To add one: its name here, a line in mark.cc, and reached() in the branch. `lockstep sim` says which ones no seed of a batch has
// reached (docs/simulator.md). Names are in the order of the code, and may change from one version to the next.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/marks.h"

namespace base {

enum class Mark : std::uint8_t {
  // --- core/raft: elections ---
  pre_vote_refused_as_led,      // the leader was heard lately
  vote_refused_as_led,          // likewise, and it was no question beforehand
  pre_vote_refused_for_log,     // the asker's log ends earlier than this one
  vote_refused_for_log,         // likewise
  vote_refused_as_given,        // to another, or this member knows who leads the term
  vote_given_up_own_campaign,   // by one that only asked whether it would win
  election_lost,                // enough refusals
  election_split,               // nobody won, and the candidate tries again
  campaign_waits_for_own_vote,  // which is still on its way to the disk
  candidate_met_leader,         // of the same term
  leader_met_later_term,        // and follows
  leader_without_quorum,        // steps down by itself

  // --- core/raft: the log ---
  conflict_truncated,            // a tail that lost to another leader
  append_rejected_again,         // the leader goes back another step
  rejection_was_old,             // and tells the leader nothing
  commit_before_own_disk,        // others have it and this leader's disk has not
  commit_waits_for_own_term,     // a majority has an entry of an earlier term
  written_and_lost,              // what is durable now has been replaced meanwhile
  snapshot_was_here,             // its last entry is in the log
  snapshot_replaced_longer_log,  // with entries that lost
  snapshot_was_old,              // something later is committed here

  // --- core/raft: handing over, reads ---
  transfer_waits_for_log,       // the next leader has not all of it yet
  transfer_given_up,            // after an election timeout
  campaign_was_asked,           // by the leader
  proposal_while_handing_over,  // refused
  proposal_beyond_uncommitted,  // refused
  read_parked,                  // until the leader has committed in its term

  // --- core/raft: the group ---
  group_change_refused,        // another is under way, or the leader is new or hands over
  joint_left_by_other_leader,  // than the one that began it
  group_change_undone,         // a conflict took it out of the log
  leader_removed_itself,       // and another voter campaigns at once
  removed_campaigns,           // a voter whose removal is not committed
  transferee_left_group,       // before it led

  // --- core/replica ---
  gate_unapplied,         // closed: too much is committed and not applied
  gate_kept,              // closed: the log is full
  apply_waits_for_store,  // the tail of the store is full

  // --- core/replica, of several ---
  apply_waits_for_own_log,     // committed by others, and not on this disk yet
  append_without_room,         // dropped: the log is full
  proposal_passed_on,          // to the next leader
  passed_on_forgotten,         // nobody led for long
  disk_hands_over,             // it gets nowhere, so somebody else shall lead
  write_replaced_in_queue,     // entries lost before they were written
  promise_never_sent,          // as those entries are gone
  read_asked_again,            // of the leader, no answer came
  snapshot_waits_for_another,  // as many are on their way as may be
  snapshot_not_taken,          // the state machine installs one itself
  snapshot_failed,             // on its way
  snapshot_needless,           // its sender leads no more, or the receiver is gone
  snapshot_declined,           // raft has no use for it
  snapshot_declined_busy,      // another one is here
  snapshot_outlived_by_log,    // the log kept more for its receiver
  log_cut_under_snapshot,      // it was too full to keep more

  // --- core/peer ---
  message_lost_for_room,     // the connection has too much to send
  peer_silent,               // no receipt for long: the connection is given up
  lane_opened_anew,          // the older connection ends
  snapshot_address_again,    // another address of the receiver is tried: it has moved
  snapshot_stalled,          // its receiver takes nothing more
  snapshot_receiver_silent,  // nothing was heard of it
  snapshot_sender_silent,    // nothing more came
  snapshot_sink_failed,      // it could not be stored

  // --- core/peer: the group ---
  stranger_cut_off,    // a connection of one that has left the group
  caller_turned_away,  // it does not belong to the group, or means another member

  // --- storage/wal ---
  log_tail_torn,           // a batch that is not whole, at the end
  log_tail_recycled,       // batches of an earlier segment behind the last one
  log_tail_unproven,       // intact, and written again at start
  log_rewritten_in_place,  // the last segment has a new file
  log_rewritten_over,      // a restart's segment repeats the end of the one before
  log_segment_unused,      // one without batches, removed at start
  log_creation_repeated,   // the first one was cut short
  log_segment_recycled,    // a spare one
  log_waits_for_proof,     // an append comes while the empty batch is under way
  log_batch_outsized,      // it needs a longer segment
  log_segment_put_off,     // no space
  log_spare_given_up,      // no space for its name
  log_failed_idle,         // while nothing was appended

  // --- storage/wal, of several ---
  log_reset_in_next_segment,  // a snapshot's

  // --- storage/sqlite, storage/mvcc ---
  store_creation_repeated,  // the first one was cut short
  store_wal_copied,         // a -wal with something in it, at start
  store_copy_left,          // a start was cut short while it copied
  store_without_space,      // tries again
  compaction_resumed,       // rows to discard were there at start
  compaction_overtaken,     // by the next one, before it was through
  range_overtaken,          // by a compaction, and begun anew

  // --- storage/sqlite, of several ---
  store_generation_removed,  // one that a start does not need
  store_checkpoint_waits,    // for a snapshot that is being read
  store_snapshot_cut_off,    // it pinned too much of the -wal
  range_lost_store,          // a snapshot took the store's place
  watch_without_room,        // its client takes too little: it learns the rest from history
  watch_overtaken,           // by a compaction while it was behind, and ended
  watch_without_leader,      // a stream that asked for one was ended

  // --- core/etcd: the group ---
  removed_was_told,        // by others, for its own log does not say so
  group_told_by_others,    // to a member that hears of no leader
  change_at_other_leader,  // it leads no more
  added_id_was_removed,    // the same URLs within a second
  join_list_refused,       // none that was heard fits
};
inline constexpr std::size_t kMarkCount = static_cast<std::size_t>(Mark::join_list_refused) + 1;
static_assert(kMarkCount <= kMarksMax);

// What a run must have before a mark can be reached at all.
enum class MarkNeeds : std::uint8_t {
  member,  // one is enough
  group,   // several of them
  change,  // a group that changes
};

std::string_view to_text(Mark mark);  // its name
MarkNeeds needs(Mark mark);

}  // namespace base
