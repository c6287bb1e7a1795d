// sim/configurations.h: who belongs to the group and who decides, as each member's log has it.
//
// A configuration is in force in a log from its entry on, committed or not, and an entry is what it is in every log (GroupLog). So each
// of them is kept once, and which of them a member goes by is read off its log. Quorums are counted here, by other code
// than that of the members.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/raft/configuration.h"
#include "sim/group_log.h"
#include "sim/oracle.h"

namespace sim {

// Those with whom a group begins.
struct Founders {
  std::vector<std::string> voters;
  std::vector<std::string> learners = {};
};

// A majority of those who vote; of a joint configuration, of either side (Raft §6).
bool is_quorum(const raft::Configuration& configuration, const std::set<base::MemberId>& yes);

class Configurations final : public Oracle {
 public:
  static constexpr std::string_view kName = "configurations";
  // All references outlive this, and `logs` hears of each event first.
  Configurations(const GroupLog& logs, Founders founders, Findings& findings);

  void on_event(std::string_view member, const io::Event& event) override;
  void on_wipe(std::string_view member) override;

  struct Change {
    base::EntryId id;  // 0/0: what the group began with
    raft::Configuration configuration;
  };
  // The newest that stands in this member's log, up to that index. Null while nobody has said with whom the group began.
  const Change* at(std::string_view member, base::LogIndex index) const;
  const Change* newest(std::string_view member) const { return at(member, logs_.last(member).index); }
  // Those above that index, in the order of the log.
  std::vector<const Change*> above(std::string_view member, base::LogIndex index) const;
  // With what this member began that came later: the group as it was when it came.
  const raft::Configuration* beginning_of(std::string_view member) const;
  // The newest that anybody has committed; null likewise.
  const Change* committed() const { return committed_; }

  // The members that have said who they are, and still are it.
  const std::map<base::MemberId, std::string>& names() const { return names_; }
  base::MemberId id_of(std::string_view member) const;  // none: it has not said
  bool is_founder(std::string_view member) const;
  bool is_member(std::string_view member) const;  // of the group that anybody has committed last
  std::string to_text(const std::set<base::MemberId>& members) const;  // `m1, m3`

 private:
  void on_recovered(std::string_view member, const io::Recovered& recovered);
  void on_appended(std::string_view member, const io::Appended& appended);
  void on_committed(base::EntryId id);

  const GroupLog& logs_;
  Founders founders_;
  Findings& findings_;
  std::map<base::MemberId, std::string> names_;
  // Where each stands; of one index those of several terms. What the group began with stands at index 0.
  std::map<base::LogIndex, std::map<base::Term, Change>> changes_;
  const Change* committed_ = nullptr;
  std::map<std::string, raft::Configuration, std::less<>> beginnings_;  // of those who came later
};

// `m1` for a member that has said so, its id for another.
std::string to_text(const raft::Configuration& configuration, const Configurations& names);

}  // namespace sim
