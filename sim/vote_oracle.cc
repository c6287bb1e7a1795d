#include "sim/vote_oracle.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sim {

VoteOracle::VoteOracle(const Truth& truth, const Configurations& configurations, Findings& findings)
    : truth_(truth), configurations_(configurations), findings_(findings) {}

void VoteOracle::on_wipe(std::string_view name) {
  if (const auto found = writes_.find(name); found != writes_.end()) writes_.erase(found);
}

void VoteOracle::on_event(std::string_view name, const io::Event& event) {
  if (const auto* taken = std::get_if<io::PartTaken>(&event)) {
    if (taken->part == io::Part::leader) on_leader(name, *taken);
    return;
  }
  const auto* wrote = std::get_if<io::WroteVote>(&event);
  if (wrote == nullptr && !std::holds_alternative<io::LogSynced>(event)) return;
  auto found = writes_.find(name);
  if (found == writes_.end()) found = writes_.emplace(std::string(name), std::vector<Write>()).first;
  // Before its place in the file may be used again.
  settle(name, found->second);
  if (wrote == nullptr) return;
  found->second.push_back({std::string(wrote->file), wrote->offset, std::string(wrote->bytes), wrote->term, wrote->voted_for, false});
}

void VoteOracle::settle(std::string_view name, std::vector<Write>& writes) {
  for (Write& write : writes) {
    if (write.is_durable || truth_.durable_bytes(name, write.file, write.offset, write.bytes.size()) != write.bytes) continue;
    write.is_durable = true;
    write.bytes.clear();
    write.bytes.shrink_to_fit();
  }
  // Terms never fall, so the last durable one says all that those before it said.
  const auto last = std::find_if(writes.rbegin(), writes.rend(), [](const Write& one) { return one.is_durable; });
  if (last != writes.rend()) writes.erase(writes.begin(), std::prev(last.base()));
}

bool VoteOracle::counts(const std::string& voter, base::Term term, base::MemberId candidate) {
  const auto found = writes_.find(voter);
  if (found == writes_.end()) return false;
  settle(voter, found->second);
  return std::any_of(found->second.begin(), found->second.end(), [&](const Write& write) {
    return write.is_durable && (write.term > term || (write.term == term && write.voted_for == candidate));
  });
}

void VoteOracle::on_leader(std::string_view name, const io::PartTaken& taken) {
  const std::string who = "member " + std::string(name) + " leads in term " + base::to_text(taken.term);
  const Configurations::Change* const group = configurations_.newest(name);
  if (group == nullptr) return findings_.safety(kName, who + " of a group that nobody knows");
  std::set<base::MemberId> votes;
  for (const auto& [id, voter] : configurations_.names()) {
    if (counts(voter, taken.term, taken.self)) votes.insert(id);
  }
  if (is_quorum(group->configuration, votes)) return;
  findings_.safety(kName, who + ", but of the group " + to_text(group->configuration, configurations_) + " " +
                              (votes.empty() ? "nobody" : "only " + configurations_.to_text(votes)) +
                              " had a vote for it durably on the disk: after a power loss another could be elected in the same term");
}

}  // namespace sim
