// sim/oracles.h: the oracles of a raft group, in the order in which they hear of things.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/committed_log.h"
#include "sim/durability_oracle.h"
#include "sim/group_log.h"
#include "sim/raft_oracle.h"
#include "sim/state_oracle.h"
#include "sim/timer_oracle.h"
#include "sim/vote_oracle.h"

namespace sim {

class Oracles {
 public:
  // `voters`: the names of the members that vote. `election_timeout`: TimerOracle's `least`. All references outlive the oracles;
  // `listener` may be null.
  Oracles(const Truth& truth, std::vector<std::string> voters, base::Duration election_timeout, Findings& findings, CommittedListener* listener);
  Oracles(const Oracles&) = delete;
  Oracles& operator=(const Oracles&) = delete;

  void on_start(std::string_view member);
  void on_event(std::string_view member, const io::Event& event);
  void on_turn_end() { raft_.on_turn_end(); }
  void on_crash(std::string_view member);
  void on_rot(std::string_view member) { state_.on_rot(member); }
  void at_end();

  const RaftOracle& raft() const { return raft_; }
  std::uint64_t commits_proven() const { return durability_.checked_count(); }

 private:
  GroupLog logs_;
  CommittedLog committed_;
  DurabilityOracle durability_;
  RaftOracle raft_;
  StateOracle state_;
  TimerOracle timer_;
  VoteOracle votes_;
  const std::vector<Oracle*> all_;
};

}  // namespace sim
