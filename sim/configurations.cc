#include "sim/configurations.h"

#include <algorithm>
#include <utility>

namespace sim {

namespace {

bool is_majority(std::size_t yes, std::size_t all) { return 2 * yes > all; }

// Not as the members count them: their mistakes must not be those of whoever judges them.
bool is_voter(const raft::Member& member) { return member.is_outgoing || (!member.is_learner && !member.is_leaving); }

bool contains(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

}  // namespace

bool is_quorum(const raft::Configuration& configuration, const std::set<base::MemberId>& yes) {
  std::size_t incoming = 0;
  std::size_t incoming_yes = 0;
  std::size_t outgoing = 0;
  std::size_t outgoing_yes = 0;
  for (const raft::Member& member : configuration.members) {
    const std::size_t says = yes.count(member.id);
    if (!member.is_learner && !member.is_leaving) ++incoming, incoming_yes += says;
    if (member.is_outgoing) ++outgoing, outgoing_yes += says;
  }
  return is_majority(incoming_yes, incoming) && (outgoing == 0 || is_majority(outgoing_yes, outgoing));
}

Configurations::Configurations(const GroupLog& logs, Founders founders, Findings& findings)
    : logs_(logs), founders_(std::move(founders)), findings_(findings) {}

void Configurations::on_event(std::string_view member, const io::Event& event) {
  if (const auto* recovered = std::get_if<io::Recovered>(&event)) on_recovered(member, *recovered);
  else if (const auto* appended = std::get_if<io::Appended>(&event)) on_appended(member, *appended);
  else if (const auto* committed = std::get_if<io::Committed>(&event)) on_committed(committed->id);
}

void Configurations::on_recovered(std::string_view member, const io::Recovered& recovered) {
  const std::string who = "member " + std::string(member);
  const base::MemberId before = id_of(member);
  const auto known = names_.emplace(recovered.self, member).first;
  if (known->second != member || (before != base::MemberId::none && before != recovered.self)) {
    return findings_.safety(kName, who + " came up with an id, " + base::to_text(recovered.self) + ", that is not its own");
  }
  if (recovered.first_kept != base::LogIndex(1)) return;
  const base::Result<raft::Configuration> beginning = raft::decode_configuration(recovered.configuration);
  if (!beginning) return findings_.safety(kName, who + " begins with a configuration that nobody can read: " + beginning.error().detail);
  if (!is_founder(member)) {
    beginnings_.insert_or_assign(std::string(member), *beginning);
    return;
  }
  const auto [first, is_first] = changes_[base::LogIndex()].emplace(base::Term(), Change{{}, *beginning});
  if (is_first) committed_ = &first->second;
  const auto& members = beginning->members;
  const auto self = std::find_if(members.begin(), members.end(), [&](const raft::Member& one) { return one.id == recovered.self; });
  const auto voters = static_cast<std::size_t>(std::count_if(members.begin(), members.end(), is_voter));
  const bool is_joint = std::any_of(members.begin(), members.end(), [](const raft::Member& one) { return one.is_outgoing; });
  const bool is_expected = members.size() == founders_.voters.size() + founders_.learners.size() && voters == founders_.voters.size() &&
                           !is_joint && self != members.end() && is_voter(*self) == contains(founders_.voters, member);
  if (!is_expected || first->second.configuration != *beginning) {
    findings_.safety(kName, who + " begins with the group " + sim::to_text(*beginning, *this) + ", which is not the one that was founded");
  }
}

void Configurations::on_appended(std::string_view member, const io::Appended& appended) {
  if (appended.kind != base::EntryKind::configuration) return;
  std::map<base::Term, Change>& here = changes_[appended.id.index];
  if (here.count(appended.id.term) != 0) return;  // the same bytes (GroupLog)
  base::Result<raft::Configuration> configuration = raft::decode_configuration(appended.bytes);
  if (!configuration) {
    return findings_.safety(kName, "member " + std::string(member) + " appended a configuration that nobody can read: " + configuration.error().detail);
  }
  here.emplace(appended.id.term, Change{appended.id, std::move(*configuration)});
}

void Configurations::on_committed(base::EntryId id) {
  if (committed_ == nullptr || id.index <= committed_->id.index) return;
  const auto here = changes_.find(id.index);
  if (here == changes_.end()) return;
  const auto found = here->second.find(id.term);
  if (found != here->second.end()) committed_ = &found->second;
}

void Configurations::on_wipe(std::string_view member) {
  if (const base::MemberId id = id_of(member); id != base::MemberId::none) names_.erase(id);
  if (const auto found = beginnings_.find(member); found != beginnings_.end()) beginnings_.erase(found);
  for (std::vector<std::string>* names : {&founders_.voters, &founders_.learners}) {
    // How many they were stays what it was.
    std::replace(names->begin(), names->end(), std::string(member), std::string());
  }
}

const Configurations::Change* Configurations::at(std::string_view member, base::LogIndex index) const {
  for (auto here = changes_.upper_bound(index); here != changes_.begin();) {
    --here;
    const auto found = here->second.find(logs_.term_at(member, here->first));
    if (found != here->second.end()) return &found->second;
  }
  return nullptr;
}

std::vector<const Configurations::Change*> Configurations::above(std::string_view member, base::LogIndex index) const {
  std::vector<const Change*> out;
  for (auto here = changes_.upper_bound(index); here != changes_.end(); ++here) {
    const auto found = here->second.find(logs_.term_at(member, here->first));
    if (found != here->second.end()) out.push_back(&found->second);
  }
  return out;
}

base::MemberId Configurations::id_of(std::string_view member) const {
  const auto found = std::find_if(names_.begin(), names_.end(), [&](const auto& one) { return one.second == member; });
  return found != names_.end() ? found->first : base::MemberId::none;
}

const raft::Configuration* Configurations::beginning_of(std::string_view member) const {
  const auto found = beginnings_.find(member);
  return found != beginnings_.end() ? &found->second : nullptr;
}

bool Configurations::is_member(std::string_view member) const {
  return committed_ != nullptr && committed_->configuration.find(id_of(member)) != nullptr;
}

bool Configurations::is_founder(std::string_view member) const {
  return contains(founders_.voters, member) || contains(founders_.learners, member);
}

std::string Configurations::to_text(const std::set<base::MemberId>& members) const {
  std::string out;
  for (const base::MemberId id : members) {
    const auto name = names_.find(id);
    out += (out.empty() ? "" : ", ") + (name != names_.end() ? name->second : base::to_text(id));
  }
  return out;
}

std::string to_text(const raft::Configuration& configuration, const Configurations& names) {
  std::string out;
  for (const raft::Member& member : configuration.members) {
    out += (out.empty() ? "{" : ", ") + names.to_text({member.id});
    if (member.is_learner) out += " learns";
    if (member.is_leaving) out += " leaves";
    else if (member.is_outgoing) out += " stays";
  }
  return out + "}";
}

}  // namespace sim
