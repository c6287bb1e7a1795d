// sim/oracles.h: the oracles of a raft group, in the order in which they hear of things.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/committed_log.h"
#include "sim/configuration_oracle.h"
#include "sim/configurations.h"
#include "sim/durability_oracle.h"
#include "sim/group_log.h"
#include "sim/ledger.h"
#include "sim/raft_oracle.h"
#include "sim/state_oracle.h"
#include "sim/timer_oracle.h"
#include "sim/vote_oracle.h"

namespace sim {

// What came of the snapshots that members sent each other.
struct SnapshotCounts {
  std::uint64_t begun = 0;
  std::uint64_t complete = 0;   // all of it arrived
  std::uint64_t broken_off = 0;  // as their senders noticed: a crash is not counted
  std::uint64_t installed = 0;
};

class Oracles {
 public:
  // `election_timeout`: TimerOracle's `least`; `may_be_spoilt`: disks may. All references outlive the oracles; `listener` may be null.
  Oracles(const Truth& truth, Founders founders, base::Duration election_timeout, bool may_be_spoilt, Findings& findings,
          CommittedListener* listener);
  Oracles(const Oracles&) = delete;
  Oracles& operator=(const Oracles&) = delete;

  void on_start(std::string_view member);
  void on_event(std::string_view member, const io::Event& event);
  void on_turn_end();
  void on_crash(std::string_view member);
  void on_wipe(std::string_view member);
  void on_store_spoilt(std::string_view member);
  void at_end();

  Ledger& ledger() { return ledger_; }
  const RaftOracle& raft() const { return raft_; }
  const Configurations& configurations() const { return configurations_; }
  base::LogIndex committed() const { return committed_.last_index(); }                                   // by anybody
  base::LogIndex applied(std::string_view member) const { return state_.applied(member); }
  // A change of the group is in this member's log, and nobody has committed it.
  bool has_open_change(std::string_view member) const { return !configurations_.above(member, committed_.last_index()).empty(); }
  const SnapshotCounts& snapshots() const { return snapshots_; }
  std::uint64_t commits_proven() const { return durability_.checked_count(); }

 private:
  GroupLog logs_;
  Configurations configurations_;
  CommittedLog committed_;
  ConfigurationOracle changes_;
  Ledger ledger_;
  DurabilityOracle durability_;
  RaftOracle raft_;
  StateOracle state_;
  TimerOracle timer_;
  VoteOracle votes_;
  SnapshotCounts snapshots_;
  const std::vector<Oracle*> all_;
};

}  // namespace sim
