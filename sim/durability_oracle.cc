#include "sim/durability_oracle.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sim {

DurabilityOracle::DurabilityOracle(const Truth& truth, const GroupLog& logs, std::vector<std::string> voters, Findings& findings)
    : truth_(truth), logs_(logs), voters_(std::move(voters)), findings_(findings) {}

void DurabilityOracle::on_event(std::string_view name, const io::Event& event) {
  if (const auto* committed = std::get_if<io::Committed>(&event)) return on_committed(name, committed->id);
  const auto* wrote = std::get_if<io::WroteEntries>(&event);
  const auto* recovered = std::get_if<io::Recovered>(&event);
  if (wrote == nullptr && recovered == nullptr && !std::holds_alternative<io::LogSynced>(event)) return;
  auto found = members_.find(name);
  if (found == members_.end()) found = members_.emplace(std::string(name), Member()).first;
  Member& member = found->second;
  if (wrote != nullptr) on_wrote(name, member, *wrote);
  else if (recovered != nullptr) on_recovered(name, member, recovered->last);
  else settle(name, member);
}

void DurabilityOracle::on_wrote(std::string_view name, Member& member, const io::WroteEntries& wrote) {
  settle(name, member);
  if (member.newest != nullptr) adopt(member);
  auto write = std::make_shared<Write>();
  write->file = wrote.file;
  write->offset = wrote.offset;
  write->bytes = wrote.bytes;
  write->first = wrote.first;
  write->last = wrote.last;
  member.newest = std::move(write);
}

bool DurabilityOracle::is_durable(std::string_view name, Write& write) {
  if (write.is_durable) return true;
  if (truth_.durable_bytes(name, write.file, write.offset, write.bytes.size()) != write.bytes) return false;
  ++checked_count_;
  write.is_durable = true;
  write.bytes.clear();
  write.bytes.shrink_to_fit();
  return true;
}

// The member says that what it wrote is durable, or goes on to the next write. Only the disk is believed.
void DurabilityOracle::settle(std::string_view name, Member& member) {
  if (member.newest == nullptr || !is_durable(name, *member.newest)) return;
  member.durable_end = member.newest->last;
  adopt(member);
}

// From now on the log on the disk is that with the newest write, which replaces what it overlaps and all that followed.
void DurabilityOracle::adopt(Member& member) {
  const std::shared_ptr<Write> write = std::exchange(member.newest, nullptr);
  member.copies.erase(member.copies.lower_bound(write->first.index), member.copies.end());
  if (write->last.index <= settled_) return;
  const base::LogIndex first = std::max(write->first.index, settled_.next());
  base::LogIndex index = first;
  for (const base::Term term : logs_.terms_up_to(write->last, first)) {
    member.copies.emplace_hint(member.copies.end(), index, Copy{term, write});
    index = index.next();
  }
}

void DurabilityOracle::on_recovered(std::string_view name, Member& member, base::EntryId last) {
  // A write in flight has come through, whole, or it never was.
  const bool has_come_through = member.newest != nullptr && member.newest->last == last;
  if (has_come_through) {
    settle(name, member);
    // What only the page cache has counts no more than before; of two writes of the same entries the durable one counts.
    if (member.newest != nullptr && member.durable_end != last) adopt(member);
  }
  member.newest.reset();
  const bool is_lost = last.index < member.durable_end.index || (last.index == member.durable_end.index && last.term != member.durable_end.term);
  if (is_lost && !has_come_through) {
    findings_.safety(kName, "member " + std::string(name) + " came back with a log that ends at " + base::to_text(last) +
                                ", although its disk held it durably up to " + base::to_text(member.durable_end));
  }
  member.copies.erase(member.copies.upper_bound(last.index), member.copies.end());
}

bool DurabilityOracle::has_durable(const std::string& voter, base::EntryId id) {
  const auto found = members_.find(voter);
  if (found == members_.end()) return false;
  Member& member = found->second;
  settle(voter, member);
  const auto copy = member.copies.find(id.index);
  return copy != member.copies.end() && copy->second.term == id.term && is_durable(voter, *copy->second.write);
}

void DurabilityOracle::on_committed(std::string_view name, base::EntryId id) {
  if (id.index <= settled_) return;
  std::string holders;
  std::size_t count = 0;
  for (const std::string& voter : voters_) {
    if (!has_durable(voter, id)) continue;
    ++count;
    holders += (holders.empty() ? "" : ", ") + voter;
  }
  if (count < voters_.size() / 2 + 1) {
    findings_.safety(kName, "member " + std::string(name) + " called entry " + base::to_text(id) + " committed, but " +
                                (count == 0 ? "nobody has it" : "of " + std::to_string(voters_.size()) + " voters only " + holders + " had it") +
                                " on the disk durably: a power loss now could lose an acknowledged write");
    return;
  }
  settled_ = id.index;
  for (auto& one : members_) {
    std::map<base::LogIndex, Copy>& copies = one.second.copies;
    copies.erase(copies.begin(), copies.upper_bound(settled_));
  }
}

}  // namespace sim
