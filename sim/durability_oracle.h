// sim/durability_oracle.h: a promise never before its durability, and what is durable is never forgotten.
//
// At the instant at which the first member calls an entry committed, a quorum of the voters must have it on their disks. No
// member's word counts: the bytes of the log write that carried the entry are compared with the durable bytes of the simulated
// disk. And whatever part of a log was found durable once must be there when the member comes back, for its acknowledgement may be
// on its way; only a later write to the log may have replaced it, and then what was replaced does not come back.
//
// Whoever answers a leader that it has that leader's log up to some index has it on its disk then, and does not tell the same leader later
// that it has not.
//
// A snapshot takes the place of entries that a quorum has. The member gives up its old store and log for it with one log write, so all
// of the new store must be durable before that is requested; from the instant at which that write is durable the member may neither
// put anything else in place nor come back without it. Nor does a log name another store than the one it had without giving up what
// it held. And a log drops no more than its store holds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "sim/configurations.h"
#include "sim/group_log.h"
#include "sim/oracle.h"

namespace sim {

class DurabilityOracle final : public Oracle {
 public:
  static constexpr std::string_view kName = "durability";
  // All references outlive the oracle. `logs` and `configurations`, which says whose copies count, hear of each event first.
  DurabilityOracle(const Truth& truth, const GroupLog& logs, const Configurations& configurations, Findings& findings);

  void on_event(std::string_view member, const io::Event& event) override;
  void on_wipe(std::string_view member) override;
  // It has come back with a log that ends there, and whatever it had promised besides rotted where nobody could notice (Ledger). To be told
  // before the oracle hears of that.
  void on_forgotten(std::string_view member, base::EntryId last);
  std::uint64_t checked_count() const { return checked_count_; }  // writes that were found durable

 private:
  struct Write {  // one batch, shared by its entries
    std::string file;
    std::uint64_t offset = 0;
    std::string bytes;        // dropped once found durable: what is durable stays so
    base::EntryId first;      // 0/0: no entries
    base::EntryId last;       // where the log ends with it
    bool is_reset = false;    // what was in the log before counts no more
    base::StoreMark store;    // of a reset
    bool is_durable = false;  // found so
  };
  struct Copy {
    base::Term term;
    std::shared_ptr<Write> write;
  };
  // A member has one write in flight. Until it is found durable or the next one follows, the log on the disk may still be that before it.
  struct Member {
    std::map<base::LogIndex, Copy> copies;  // what its disk has above settled_
    std::shared_ptr<Write> newest;          // null: it is in `copies`
    base::EntryId durable_end;              // where its log ended when a write was last found durable
    base::StoreMark named;                  // the snapshot's store that its log certainly names; 0@0: none
    base::StoreGeneration generation;       // of the store that it works on, or that it has told its log of; 0: it has not said
    base::EntryId read_end;                 // likewise, or where it ended when the member came up since: what it read it wrote anew, durably
    base::Term answered;                    // the last term in which it acknowledged anything
    base::LogIndex acknowledged;            // in that term
  };

  void on_started(std::string_view name, Member& member, const io::WroteStart& wrote);
  void on_wrote(std::string_view name, Member& member, const io::WroteEntries& wrote);
  void on_installed(std::string_view name, Member& member, const base::StoreMark& store);
  void on_recovered(std::string_view name, Member& member, const io::Recovered& recovered);
  void on_committed(std::string_view name, base::EntryId id);
  void on_answered(std::string_view name, Member& member, const io::AppendAnswered& answer);
  bool has_log_of_leader(std::string_view name, Member& member, base::Term leader, base::LogIndex index);
  base::Term term_in_log_of(base::Term leader, base::LogIndex index) const;
  bool has_durable(const std::string& voter, base::EntryId id);
  bool is_durable(std::string_view name, Write& write);
  void begin_write(std::string_view name, Member& member, std::string_view file, std::uint64_t offset, std::string_view bytes);
  void settle(std::string_view name, Member& member);
  void adopt(Member& member);
  void accuse(std::string_view name, const std::string& how);

  const Truth& truth_;
  const GroupLog& logs_;
  const Configurations& configurations_;
  Findings& findings_;
  std::map<std::string, Member, std::less<>> members_;
  std::map<base::Term, base::LogIndex> firsts_;  // of each term the index of its first entry
  base::LogIndex settled_;  // up to here a quorum was found to have every entry
  std::uint64_t checked_count_ = 0;
};

}  // namespace sim
