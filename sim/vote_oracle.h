// sim/vote_oracle.h: a vote counts when it cannot be forgotten any more (Raft §5.2).
//
// At the instant at which a member begins to lead, a quorum of the group in its log must have on their disks, durably, their vote for it in that
// term, or a later term: else one of them could vote again in that term after a crash. No member's word counts: the bytes of
// the log write that carried the vote are compared with the durable bytes of the simulated disk.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/configurations.h"
#include "sim/oracle.h"

namespace sim {

class VoteOracle final : public Oracle {
 public:
  static constexpr std::string_view kName = "votes";
  // All references outlive the oracle. `configurations` says whose votes count, and hears of each event first.
  VoteOracle(const Truth& truth, const Configurations& configurations, Findings& findings);

  void on_event(std::string_view member, const io::Event& event) override;
  void on_wipe(std::string_view member) override;

 private:
  struct Write {
    std::string file;
    std::uint64_t offset = 0;
    std::string bytes;        // dropped once found durable: what is durable stays so
    base::Term term;
    base::MemberId voted_for;
    bool is_durable = false;  // found so
  };

  void settle(std::string_view member, std::vector<Write>& writes);
  bool counts(const std::string& voter, base::Term term, base::MemberId candidate);
  void on_leader(std::string_view member, const io::PartTaken& taken);

  const Truth& truth_;
  const Configurations& configurations_;
  Findings& findings_;
  std::map<std::string, std::vector<Write>, std::less<>> writes_;  // of each member, by term: the last durable one and what came after
};

}  // namespace sim
