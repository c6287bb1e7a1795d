#include "sim/vote_oracle.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sim {

VoteOracle::VoteOracle(const Truth& truth, std::vector<std::string> voters, Findings& findings)
    : truth_(truth), voters_(std::move(voters)), findings_(findings) {}

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
  std::string who;
  std::size_t count = 0;
  for (const std::string& voter : voters_) {
    if (!counts(voter, taken.term, taken.self)) continue;
    ++count;
    who += (who.empty() ? "" : ", ") + voter;
  }
  if (count >= voters_.size() / 2 + 1) return;
  findings_.safety(kName, "member " + std::string(name) + " leads in term " + base::to_text(taken.term) + ", but of " + std::to_string(voters_.size()) +
                              " voters " + (count == 0 ? "none" : "only " + who) + " had a vote for it durably on the disk: after a power loss another " +
                              "could be elected in the same term");
}

}  // namespace sim
