// sim/committed_log.h: the ledger of committed entries, and the oracle over it.
//
// Once an entry is committed it stays, at its log index, with its bytes, whatever crashes (Raft, figure 3:
// leader completeness and state-machine safety). The ledger is also where workloads look up what became of
// an operation whose answer was lost.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/log_entry.h"
#include "sim/oracle.h"

namespace sim {

// Hears of every entry once, in log order, in the turn in which the first member commits it.
class CommittedListener {
 public:
  virtual void on_committed(const base::Entry& entry) = 0;

 protected:
  ~CommittedListener() = default;
};

class CommittedLog final : public Oracle {
 public:
  static constexpr std::string_view kName = "committed entries";
  CommittedLog(Findings& findings, CommittedListener* listener) : findings_(findings), listener_(listener) {}

  void on_start(std::string_view member) override;
  void on_event(std::string_view member, const io::Event& event) override;

  base::LogIndex last_index() const { return base::LogIndex(entries_.size()); }

 private:
  struct Settled {
    base::Term term;
    base::Hash128 hash;  // of kind and bytes
  };
  struct Member {
    std::map<base::LogIndex, base::Entry> appended;  // and not yet committed
    base::LogIndex committed;                        // in this incarnation
  };

  Member& member(std::string_view name);
  void on_appended(Member& member, const io::Appended& appended);
  void on_committed(std::string_view name, Member& member, base::EntryId id);
  void on_recovered(std::string_view name, Member& member, const io::Recovered& recovered);

  Findings& findings_;
  CommittedListener* listener_;
  std::map<std::string, Member, std::less<>> members_;
  std::vector<Settled> entries_;  // of log index 1 and up
};

}  // namespace sim
