#include "sim/raft_oracle.h"

#include <algorithm>

namespace sim {

void RaftOracle::on_start(std::string_view name) {
  Member& member = members_[std::string(name)];
  ++member.incarnation;
  member.term = {};
}

void RaftOracle::on_crash(std::string_view name) {
  Member& member = members_[std::string(name)];
  member.part = io::Part::follower;
  member.leader = {};
}

void RaftOracle::on_wipe(std::string_view name) {
  if (const auto found = members_.find(name); found != members_.end()) members_.erase(found);
}

bool RaftOracle::is_leader(std::string_view name) const {
  const auto found = members_.find(name);
  return found != members_.end() && found->second.part == io::Part::leader;
}

std::string RaftOracle::newest_leader() const {
  const std::pair<const std::string, Member>* newest = nullptr;
  for (const auto& member : members_) {
    if (member.second.part == io::Part::leader && (newest == nullptr || newest->second.term < member.second.term)) newest = &member;
  }
  return newest == nullptr ? std::string() : newest->first;
}

std::string RaftOracle::leader_of(std::string_view name) const {
  const auto found = members_.find(name);
  if (found == members_.end() || found->second.leader == base::MemberId::none) return {};
  return names_.at(found->second.leader);
}

void RaftOracle::on_event(std::string_view name, const io::Event& event) {
  const auto* taken = std::get_if<io::PartTaken>(&event);
  const auto* appended = std::get_if<io::Appended>(&event);
  const auto* committed = std::get_if<io::Committed>(&event);
  const auto* recovered = std::get_if<io::Recovered>(&event);
  const auto* replaced = std::get_if<io::LogReplaced>(&event);
  if (taken == nullptr && appended == nullptr && committed == nullptr && recovered == nullptr && replaced == nullptr) return;
  auto found = members_.find(name);
  if (found == members_.end()) found = members_.emplace(std::string(name), Member()).first;
  Member& member = found->second;
  if (taken != nullptr) return on_part(name, member, *taken);
  if (appended != nullptr) return on_appended(name, member, appended->id);
  if (committed != nullptr) return on_committed(name, member, committed->id);
  if (replaced != nullptr) return on_replaced(name, member, replaced->last);
  member.last = recovered->last.index;
  member.term_kept = std::max(member.term_kept, recovered->last.term);
}

void RaftOracle::on_part(std::string_view name, Member& member, const io::PartTaken& taken) {
  const std::string term = " in term " + base::to_text(taken.term);
  if (taken.term < member.term) return accuse(name, "went back from term " + base::to_text(member.term) + " to " + base::to_text(taken.term));
  if (taken.term < member.term_kept) {
    return accuse(name, "came back with term " + base::to_text(taken.term) + ", although it must remember " + base::to_text(member.term_kept));
  }
  const bool is_new = member.part != io::Part::leader || member.term != taken.term;
  member.term = taken.term;
  member.part = taken.part;
  member.leader = taken.leader;
  if (taken.part == io::Part::leader) {
    member.term_kept = taken.term;  // its vote for itself had to be durable before it asked for others
    if (taken.leader != taken.self) return accuse(name, "leads" + term + " and calls another its leader");
    const auto [leader, is_first] = leaders_.try_emplace(taken.term, Leader{taken.self, member.incarnation});
    if (leader->second.id != taken.self) {
      return accuse(name, "leads" + term + ", which member " + base::to_text(leader->second.id) + " led already");
    }
    if (leader->second.incarnation != member.incarnation) return accuse(name, "leads again" + term + " after a restart, without an election");
    if (!is_first && is_new) return accuse(name, "leads again" + term + " after it had stepped down");
    names_[taken.self] = name;
    if (is_new) elected_.emplace_back(name, taken.term);
  } else if (taken.leader != base::MemberId::none) {
    const auto leader = leaders_.find(taken.term);
    if (leader == leaders_.end()) return accuse(name, "follows member " + base::to_text(taken.leader) + term + ", in which nobody was elected");
    if (leader->second.id != taken.leader) {
      return accuse(name, "follows member " + base::to_text(taken.leader) + term + ", which member " + base::to_text(leader->second.id) + " leads");
    }
  }
}

void RaftOracle::on_appended(std::string_view name, Member& member, base::EntryId id) {
  const bool is_at_end = id.index == member.last.next();
  member.last = id.index;
  if (member.part != io::Part::leader || (is_at_end && id.term == member.term)) return;
  strange_steps_.push_back({std::string(name), member.term, "put " + base::to_text(id) + " into its log, which is not the next entry of its term"});
}

void RaftOracle::on_replaced(std::string_view name, Member& member, base::EntryId last) {
  member.last = last.index;
  if (member.part != io::Part::leader) return;
  strange_steps_.push_back({std::string(name), member.term, "replaced its log by a snapshot"});
}

void RaftOracle::on_committed(std::string_view name, const Member& member, base::EntryId id) {
  const base::LogIndex before = newest_.index != base::LogIndex() ? newest_.index : commits_.empty() ? base::LogIndex() : commits_.back().last;
  if (id.index <= before) return;
  newest_ = id;
  committer_ = name;
  has_led_ = member.part == io::Part::leader;
}

void RaftOracle::on_turn_end() {
  if (!strange_steps_.empty()) judge_steps();
  if (newest_ != base::EntryId()) judge_commits();
  if (!elected_.empty()) judge_elections();
}

// A member that had stepped down in the same turn was a follower by then.
void RaftOracle::judge_steps() {
  for (const Step& step : strange_steps_) {
    const Member& member = members_[step.member];
    if (member.part != io::Part::leader || member.term != step.term) continue;
    accuse(step.member, "leads term " + base::to_text(step.term) + " and " + step.what);
  }
  strange_steps_.clear();
}

void RaftOracle::judge_commits() {
  const Member& member = members_[committer_];
  const bool leads = member.part == io::Part::leader;
  // Before members said what they are nothing can be said of that.
  if (member.term != base::Term()) {
    if (!leads && !has_led_) {
      accuse(committer_, "is the first to commit " + base::to_text(newest_) + ", and does not lead");
    } else if (leads && newest_.term != member.term) {
      accuse(committer_, "leads term " + base::to_text(member.term) + " and committed " + base::to_text(newest_) +
                             " without an entry of its own term behind it (Raft §5.4.2)");
    }
  }
  commits_.push_back({newest_.index, newest_.term});
  newest_ = {};
}

void RaftOracle::judge_elections() {
  for (const auto& [name, term] : elected_) {
    const auto later = std::upper_bound(commits_.begin(), commits_.end(), term, [](base::Term bound, const Commit& commit) { return bound < commit.term; });
    if (later == commits_.begin()) continue;
    const base::LogIndex last = std::prev(later)->last;
    if (logs_.term_at(name, last) == committed_.term_at(last)) continue;
    accuse(name, "was elected in term " + base::to_text(term) + " without " + base::to_text(base::EntryId{committed_.term_at(last), last}) +
                     ", which was committed in term " + base::to_text(std::prev(later)->term));
  }
  elected_.clear();
}

void RaftOracle::accuse(std::string_view name, const std::string& how) { findings_.safety(kName, "member " + std::string(name) + " " + how); }

}  // namespace sim
