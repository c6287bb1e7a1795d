// sim/committed_log.h: the ledger of committed entries, and the oracle over it.
//
// Once an entry is committed it stays, at its log index, with its bytes, whatever crashes (Raft, figure 3:
// leader completeness and state-machine safety); members commit in the order of the log, apply nothing else, and
// each commits what stands in its own log. A snapshot stands for entries that are committed, and for more of them than the member
// that takes it knew. The ledger is also where workloads look up what became of
// an operation whose answer was lost.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/log_entry.h"
#include "sim/configurations.h"
#include "sim/group_log.h"
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
  // All references outlive the ledger. `logs` and `configurations` hear of each event first.
  CommittedLog(GroupLog& logs, const Configurations& configurations, Findings& findings, CommittedListener* listener)
      : logs_(logs), configurations_(configurations), findings_(findings), listener_(listener) {}

  void on_start(std::string_view member) override;
  void on_event(std::string_view member, const io::Event& event) override;
  void on_wipe(std::string_view member) override { on_start(member); }

  base::LogIndex last_index() const { return base::LogIndex(terms_.size()); }
  // Of the entry that is committed at this index. Requires: it is in [1, last_index()].
  base::Term term_at(base::LogIndex index) const { return terms_[index.value() - 1]; }
  // Whether one of this term is committed, up to that index.
  bool has_term(base::Term term, base::LogIndex up_to) const {
    const auto end = terms_.begin() + static_cast<std::ptrdiff_t>(std::min(up_to, last_index()).value());
    return std::binary_search(terms_.begin(), end, term);  // they do not fall
  }

 private:
  void on_committed(std::string_view name, base::LogIndex& committed, base::EntryId id);
  void on_applied(std::string_view name, base::LogIndex committed, base::EntryId id);
  void on_recovered(std::string_view name, base::LogIndex& committed, const io::Recovered& recovered);
  void on_replaced(std::string_view name, base::LogIndex& committed, base::EntryId last);
  bool is_committed(base::EntryId id) const { return id.index <= last_index() && id.index != base::LogIndex() && term_at(id.index) == id.term; }

  GroupLog& logs_;
  const Configurations& configurations_;
  Findings& findings_;
  CommittedListener* listener_;
  std::map<std::string, base::LogIndex, std::less<>> members_;  // how far each has committed in its present incarnation
  std::vector<base::Term> terms_;                               // of log index 1 and up
};

}  // namespace sim
