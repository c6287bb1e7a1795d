// sim/raft_oracle.h: the promises of Raft (figure 3), as far as members' events show them.
//
//   election safety       a term has one leader, and whoever follows in it follows that one
//   leader append-only    a leader only appends, and only entries of its own term
//   leader completeness   a new leader's log has every entry that was committed in its term or an earlier one
//   §5.4.2                who is first to commit leads, and commits entries of earlier terms together with one of its own
//   terms                 a member's term never falls; after a restart not below that in which it led, nor below its log's
//
// Log matching is GroupLog's, state-machine safety that of CommittedLog and StateOracle. Within one turn a member tells what it
// did and what it became in any order: what depends on both is judged when the turn is over.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "sim/committed_log.h"
#include "sim/group_log.h"
#include "sim/oracle.h"

namespace sim {

class RaftOracle final : public Oracle {
 public:
  static constexpr std::string_view kName = "raft";
  // All references outlive the oracle; `logs` and `committed` hear of each event first.
  RaftOracle(const GroupLog& logs, const CommittedLog& committed, Findings& findings)
      : logs_(logs), committed_(committed), findings_(findings) {}

  void on_start(std::string_view member) override;
  void on_event(std::string_view member, const io::Event& event) override;
  void on_crash(std::string_view member) override;
  void on_wipe(std::string_view member) override;
  void on_turn_end();

  // As the member said last in this incarnation.
  bool is_leader(std::string_view member) const;
  std::string newest_leader() const;  // of those who lead, the one in the highest term; empty while nobody does
  std::string leader_of(std::string_view member) const;  // whom it follows, or itself; empty while it knows nobody

 private:
  struct Member {
    std::uint64_t incarnation = 0;
    base::Term term;         // 0: it has not said
    io::Part part = io::Part::follower;
    base::MemberId leader;
    base::Term term_kept;    // what no crash may take from it
    base::LogIndex last;     // of its log
  };
  struct Leader {
    base::MemberId id;
    std::uint64_t incarnation = 0;
  };
  struct Commit {
    base::LogIndex last;
    base::Term term;         // in which it was committed
  };
  struct Step {              // of a leader that did what only a follower does
    std::string member;
    base::Term term;
    std::string what;
  };

  void on_part(std::string_view name, Member& member, const io::PartTaken& taken);
  void on_appended(std::string_view name, Member& member, base::EntryId id);
  void on_replaced(std::string_view name, Member& member, base::EntryId last);
  void on_committed(std::string_view name, const Member& member, base::EntryId id);
  void judge_steps();
  void judge_commits();
  void judge_elections();
  void accuse(std::string_view member, const std::string& how);

  const GroupLog& logs_;
  const CommittedLog& committed_;
  Findings& findings_;
  std::map<std::string, Member, std::less<>> members_;
  std::map<base::Term, Leader> leaders_;
  std::map<base::MemberId, std::string> names_;
  std::vector<Commit> commits_;  // invariant: neither index nor term falls

  // Of the turn that is running.
  std::vector<Step> strange_steps_;
  std::vector<std::pair<std::string, base::Term>> elected_;
  std::string committer_;         // who committed first, up to `newest_`
  bool has_led_ = false;          // and led while it did
  base::EntryId newest_;          // 0/0: nobody
};

}  // namespace sim
