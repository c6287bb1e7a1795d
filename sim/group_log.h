// sim/group_log.h: what stands in every member's log, as their events tell it, and the oracle of log matching.
//
// Entries of one term and log index are one entry, whoever has it, and the logs that hold it are the same up to it (Raft §5.3).
// So a log is known by its last entry alone; that is how a log that comes back from a crash is read here, and one that a snapshot replaced. An entry found
// with other bytes, or behind another entry, than it had before is what this oracle exists for.
//
//   of the group: every entry that anybody appended, with the term of the one before it   1/1 <- 1/2 <- 1/3
//                                                                                            <- 2/3 <- 2/4
//   of a member: the terms of its log                                                     m1: 1 1 2 2   m2: 1 1 1
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/hash.h"
#include "core/base/log_entry.h"
#include "sim/oracle.h"

namespace sim {

class GroupLog final : public Oracle {
 public:
  static constexpr std::string_view kName = "log matching";
  explicit GroupLog(Findings& findings) : findings_(findings) {}

  // To be told of an event before any oracle that asks here about it.
  void on_event(std::string_view member, const io::Event& event) override;
  void on_wipe(std::string_view member) override;

  struct Known {
    base::Term term;
    base::Term before;  // of the entry in front of it; 0 where there is none
    base::EntryKind kind = base::EntryKind::empty;
    base::Hash128 hash;  // of kind and bytes
    std::shared_ptr<const std::string> data;  // until somebody commits at this index
  };
  const Known* find(base::EntryId id) const;  // null when nobody has ever appended it

  // Of the entry that this member's log, as it has it in memory, holds at this index; 0 when it does not reach so far.
  base::Term term_at(std::string_view member, base::LogIndex index) const;
  base::EntryId last(std::string_view member) const;

  // The terms of [first, last.index], for a log that ends with `last`. Where nobody has appended what has to be there, the term that
  // follows is repeated. Requires: first <= last.index.
  std::vector<base::Term> terms_up_to(base::EntryId last, base::LogIndex first) const;

  // Nobody will ask for the bytes at this index again.
  void release(base::LogIndex index);

 private:
  using Terms = std::vector<base::Term>;  // of log index 1 and up

  const Terms* log_of(std::string_view member) const;
  void on_appended(std::string_view member, Terms& log, const io::Appended& appended);
  // It is the log that ends there: one that came back, or what a snapshot stands for.
  void become(std::string_view member, Terms& log, base::EntryId last, std::string_view how);

  Findings& findings_;
  std::map<std::string, Terms, std::less<>> logs_;
  std::vector<std::vector<Known>> known_;  // of log index 1 and up: one for each term, in the order in which they were appended
};

}  // namespace sim
