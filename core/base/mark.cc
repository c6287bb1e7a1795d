#include "core/base/mark.h"

#include "core/base/assert.h"

namespace base {

namespace {

struct Described {
  std::string_view name;
  MarkNeeds needs;
};

Described describe(Mark mark) {
  using enum MarkNeeds;
  switch (mark) {
    case Mark::pre_vote_refused_as_led: return {"pre_vote_refused_as_led", group};
    case Mark::vote_refused_as_led: return {"vote_refused_as_led", group};
    case Mark::pre_vote_refused_for_log: return {"pre_vote_refused_for_log", group};
    case Mark::vote_refused_for_log: return {"vote_refused_for_log", group};
    case Mark::vote_refused_as_given: return {"vote_refused_as_given", group};
    case Mark::vote_given_up_own_campaign: return {"vote_given_up_own_campaign", group};
    case Mark::election_lost: return {"election_lost", group};
    case Mark::election_split: return {"election_split", group};
    case Mark::campaign_waits_for_own_vote: return {"campaign_waits_for_own_vote", member};
    case Mark::candidate_met_leader: return {"candidate_met_leader", group};
    case Mark::leader_met_later_term: return {"leader_met_later_term", group};
    case Mark::leader_without_quorum: return {"leader_without_quorum", group};
    case Mark::conflict_truncated: return {"conflict_truncated", group};
    case Mark::append_rejected_again: return {"append_rejected_again", group};
    case Mark::rejection_was_old: return {"rejection_was_old", group};
    case Mark::commit_before_own_disk: return {"commit_before_own_disk", group};
    case Mark::commit_waits_for_own_term: return {"commit_waits_for_own_term", member};
    case Mark::written_and_lost: return {"written_and_lost", group};
    case Mark::snapshot_was_here: return {"snapshot_was_here", group};
    case Mark::snapshot_replaced_longer_log: return {"snapshot_replaced_longer_log", group};
    case Mark::snapshot_was_old: return {"snapshot_was_old", group};
    case Mark::transfer_waits_for_log: return {"transfer_waits_for_log", group};
    case Mark::transfer_given_up: return {"transfer_given_up", group};
    case Mark::campaign_was_asked: return {"campaign_was_asked", group};
    case Mark::proposal_while_handing_over: return {"proposal_while_handing_over", group};
    case Mark::proposal_beyond_uncommitted: return {"proposal_beyond_uncommitted", group};
    case Mark::read_parked: return {"read_parked", group};
    case Mark::group_change_refused: return {"group_change_refused", change};
    case Mark::joint_left_by_other_leader: return {"joint_left_by_other_leader", change};
    case Mark::group_change_undone: return {"group_change_undone", change};
    case Mark::leader_removed_itself: return {"leader_removed_itself", change};
    case Mark::removed_campaigns: return {"removed_campaigns", change};
    case Mark::transferee_left_group: return {"transferee_left_group", change};
    case Mark::gate_unapplied: return {"gate_unapplied", member};
    case Mark::gate_kept: return {"gate_kept", member};
    case Mark::apply_waits_for_store: return {"apply_waits_for_store", member};
    case Mark::apply_waits_for_own_log: return {"apply_waits_for_own_log", group};
    case Mark::append_without_room: return {"append_without_room", group};
    case Mark::proposal_passed_on: return {"proposal_passed_on", group};
    case Mark::passed_on_forgotten: return {"passed_on_forgotten", group};
    case Mark::disk_hands_over: return {"disk_hands_over", group};
    case Mark::write_replaced_in_queue: return {"write_replaced_in_queue", group};
    case Mark::promise_never_sent: return {"promise_never_sent", group};
    case Mark::read_asked_again: return {"read_asked_again", group};
    case Mark::snapshot_waits_for_another: return {"snapshot_waits_for_another", group};
    case Mark::snapshot_not_taken: return {"snapshot_not_taken", group};
    case Mark::snapshot_failed: return {"snapshot_failed", group};
    case Mark::snapshot_needless: return {"snapshot_needless", group};
    case Mark::snapshot_declined: return {"snapshot_declined", group};
    case Mark::snapshot_declined_busy: return {"snapshot_declined_busy", group};
    case Mark::snapshot_outlived_by_log: return {"snapshot_outlived_by_log", group};
    case Mark::log_cut_under_snapshot: return {"log_cut_under_snapshot", group};
    case Mark::message_lost_for_room: return {"message_lost_for_room", group};
    case Mark::peer_silent: return {"peer_silent", group};
    case Mark::lane_opened_anew: return {"lane_opened_anew", group};
    case Mark::snapshot_address_again: return {"snapshot_address_again", change};
    case Mark::snapshot_stalled: return {"snapshot_stalled", group};
    case Mark::snapshot_receiver_silent: return {"snapshot_receiver_silent", group};
    case Mark::snapshot_sender_silent: return {"snapshot_sender_silent", group};
    case Mark::snapshot_sink_failed: return {"snapshot_sink_failed", group};
    case Mark::stranger_cut_off: return {"stranger_cut_off", change};
    case Mark::caller_turned_away: return {"caller_turned_away", change};
    case Mark::log_tail_torn: return {"log_tail_torn", member};
    case Mark::log_tail_recycled: return {"log_tail_recycled", member};
    case Mark::log_tail_unproven: return {"log_tail_unproven", member};
    case Mark::log_rewritten_in_place: return {"log_rewritten_in_place", member};
    case Mark::log_rewritten_over: return {"log_rewritten_over", member};
    case Mark::log_segment_unused: return {"log_segment_unused", member};
    case Mark::log_creation_repeated: return {"log_creation_repeated", member};
    case Mark::log_segment_recycled: return {"log_segment_recycled", member};
    case Mark::log_waits_for_proof: return {"log_waits_for_proof", member};
    case Mark::log_batch_outsized: return {"log_batch_outsized", member};
    case Mark::log_segment_put_off: return {"log_segment_put_off", member};
    case Mark::log_spare_given_up: return {"log_spare_given_up", member};
    case Mark::log_failed_idle: return {"log_failed_idle", member};
    case Mark::log_reset_in_next_segment: return {"log_reset_in_next_segment", group};
    case Mark::store_creation_repeated: return {"store_creation_repeated", member};
    case Mark::store_wal_copied: return {"store_wal_copied", member};
    case Mark::store_copy_left: return {"store_copy_left", member};
    case Mark::store_without_space: return {"store_without_space", member};
    case Mark::compaction_resumed: return {"compaction_resumed", member};
    case Mark::compaction_overtaken: return {"compaction_overtaken", member};
    case Mark::range_overtaken: return {"range_overtaken", member};
    case Mark::store_generation_removed: return {"store_generation_removed", group};
    case Mark::store_checkpoint_waits: return {"store_checkpoint_waits", group};
    case Mark::store_snapshot_cut_off: return {"store_snapshot_cut_off", group};
    case Mark::range_lost_store: return {"range_lost_store", group};
    case Mark::watch_without_room: return {"watch_without_room", member};
    case Mark::watch_overtaken: return {"watch_overtaken", member};
    case Mark::watch_without_leader: return {"watch_without_leader", group};
    case Mark::removed_was_told: return {"removed_was_told", change};
    case Mark::group_told_by_others: return {"group_told_by_others", change};
    case Mark::change_at_other_leader: return {"change_at_other_leader", change};
    case Mark::added_id_was_removed: return {"added_id_was_removed", change};
    case Mark::join_list_refused: return {"join_list_refused", change};
  }
  ASSERT(false && "a mark outside the enumeration");
  return {};
}

}  // namespace

std::string_view to_text(Mark mark) { return describe(mark).name; }
MarkNeeds needs(Mark mark) { return describe(mark).needs; }

}  // namespace base
