#include "sim/durability_oracle.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace sim {

DurabilityOracle::DurabilityOracle(const Truth& truth, const GroupLog& logs, const Configurations& configurations, Findings& findings)
    : truth_(truth), logs_(logs), configurations_(configurations), findings_(findings) {}

void DurabilityOracle::accuse(std::string_view name, const std::string& how) {
  findings_.safety(kName, "member " + std::string(name) + " " + how);
}

void DurabilityOracle::on_event(std::string_view name, const io::Event& event) {
  if (const auto* committed = std::get_if<io::Committed>(&event)) return on_committed(name, committed->id);
  // The leader itself appends it first.
  if (const auto* appended = std::get_if<io::Appended>(&event)) return static_cast<void>(firsts_.emplace(appended->id.term, appended->id.index));
  const auto* started = std::get_if<io::WroteStart>(&event);
  const auto* wrote = std::get_if<io::WroteEntries>(&event);
  const auto* recovered = std::get_if<io::Recovered>(&event);
  const auto* installed = std::get_if<io::Installed>(&event);
  const auto* answered = std::get_if<io::AppendAnswered>(&event);
  const bool is_of_interest =
      started != nullptr || wrote != nullptr || recovered != nullptr || installed != nullptr || answered != nullptr;
  if (!is_of_interest && !std::holds_alternative<io::LogSynced>(event)) return;
  auto found = members_.find(name);
  if (found == members_.end()) found = members_.emplace(std::string(name), Member()).first;
  Member& member = found->second;
  if (started != nullptr) on_started(name, member, *started);
  else if (wrote != nullptr) on_wrote(name, member, *wrote);
  else if (recovered != nullptr) on_recovered(name, member, *recovered);
  else if (installed != nullptr) on_installed(name, member, installed->store);
  else if (answered != nullptr) on_answered(name, member, *answered);
  else settle(name, member);
}

void DurabilityOracle::on_wipe(std::string_view name) {
  if (const auto found = members_.find(name); found != members_.end()) members_.erase(found);
}

void DurabilityOracle::on_forgotten(std::string_view name, base::EntryId last) {
  const auto found = members_.find(name);
  if (found == members_.end()) return;
  Member& member = found->second;
  member.newest.reset();
  member.copies.erase(member.copies.upper_bound(last.index), member.copies.end());
  member.durable_end = last;
  member.read_end = last;
  member.acknowledged = {};
}

void DurabilityOracle::begin_write(std::string_view name, Member& member, std::string_view file, std::uint64_t offset, std::string_view bytes) {
  settle(name, member);
  if (member.newest != nullptr) adopt(member);
  member.newest = std::make_shared<Write>();
  member.newest->file = file;
  member.newest->offset = offset;
  member.newest->bytes = bytes;
}

void DurabilityOracle::on_started(std::string_view name, Member& member, const io::WroteStart& wrote) {
  if (wrote.store.applied < wrote.last.index) {
    accuse(name, "writes that its log begins behind " + base::to_text(wrote.last) + ", and its store is at " + base::to_text(wrote.store));
  }
  if (!wrote.is_reset) {
    if (member.generation < wrote.store.generation && member.generation != base::StoreGeneration()) {
      accuse(name, "lets its log name the store " + base::to_text(wrote.store) + ", another than before, and keeps what stands in that log");
    }
    return;
  }
  member.generation = wrote.store.generation;
  if (!truth_.is_store_durable(name, wrote.store.generation)) {
    accuse(name, "lets its log name the store " + base::to_text(wrote.store) + " in place of the one it had, before all of that is durable");
  }
  begin_write(name, member, wrote.file, wrote.offset, wrote.bytes);
  member.newest->last = wrote.last;
  member.newest->is_reset = true;
  member.newest->store = wrote.store;
}

void DurabilityOracle::on_wrote(std::string_view name, Member& member, const io::WroteEntries& wrote) {
  // A snapshot's batch may bring entries along.
  const bool is_same = member.newest != nullptr && member.newest->is_reset && member.newest->first == base::EntryId() &&
                       member.newest->file == wrote.file && member.newest->offset == wrote.offset;
  if (!is_same) begin_write(name, member, wrote.file, wrote.offset, wrote.bytes);
  member.newest->first = wrote.first;
  member.newest->last = wrote.last;
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
  member.read_end = member.durable_end;
  if (member.newest->is_reset) member.named = member.newest->store;
  adopt(member);
}

// From now on the log on the disk is that with the newest write, which replaces what it overlaps and all that followed.
void DurabilityOracle::adopt(Member& member) {
  const std::shared_ptr<Write> write = std::exchange(member.newest, nullptr);
  member.copies.erase(write->is_reset ? member.copies.begin() : member.copies.lower_bound(write->first.index), member.copies.end());
  if (write->first == base::EntryId() || write->last.index <= settled_) return;
  const base::LogIndex first = std::max(write->first.index, settled_.next());
  base::LogIndex index = first;
  for (const base::Term term : logs_.terms_up_to(write->last, first)) {
    member.copies.emplace_hint(member.copies.end(), index, Copy{term, write});
    index = index.next();
  }
}

void DurabilityOracle::on_installed(std::string_view name, Member& member, const base::StoreMark& store) {
  settle(name, member);
  if (member.named != store) accuse(name, "put the store " + base::to_text(store) + " in place, which its log does not name durably");
}

void DurabilityOracle::on_recovered(std::string_view name, Member& member, const io::Recovered& recovered) {
  const base::EntryId last = recovered.last;
  // A write in flight has come through, whole, or it never was.
  const bool has_come_through = member.newest != nullptr && (member.newest->is_reset ? recovered.store.generation == member.newest->store.generation
                                                                                     : member.newest->last == last);
  if (has_come_through) {
    settle(name, member);
    // What only the page cache has counts no more than before; of two writes of the same entries the durable one counts.
    if (member.newest != nullptr && (member.newest->is_reset || member.durable_end != last)) adopt(member);
  }
  member.newest.reset();
  member.generation = recovered.store.generation;
  if (last != member.read_end && !has_come_through) {
    const bool is_longer = last.index > member.read_end.index;
    accuse(name, "came back with a log that ends at " + base::to_text(last) + ", although " +
                     (is_longer ? "all that is left of it ended at " : "its disk held it durably up to ") + base::to_text(member.read_end));
  }
  member.read_end = last;
  if (recovered.store < member.named) {
    accuse(name, "came back with the store " + base::to_text(recovered.store) + ", although its log named " + base::to_text(member.named) +
                     " durably");
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

// Of the entry that the leader of that term has there.
base::Term DurabilityOracle::term_in_log_of(base::Term leader, base::LogIndex index) const {
  const auto first = firsts_.find(leader);
  if (first == firsts_.end() || index >= first->second) return leader;
  return logs_.terms_up_to({leader, first->second}, index).front();
}

// On the disk, durably.
bool DurabilityOracle::has_log_of_leader(std::string_view name, Member& member, base::Term leader, base::LogIndex index) {
  if (index == base::LogIndex()) return true;
  settle(name, member);
  const base::Term term = term_in_log_of(leader, index);
  if (const auto copy = member.copies.find(index); copy != member.copies.end()) {
    if (copy->second.term == term && is_durable(name, *copy->second.write)) return true;
  }
  // Of what was committed no copies are kept here. A log is known by its end.
  for (const base::EntryId end : {member.durable_end, member.read_end}) {
    if (index <= end.index && logs_.terms_up_to(end, index).front() == term) return true;
  }
  return false;
}

void DurabilityOracle::on_answered(std::string_view name, Member& member, const io::AppendAnswered& answer) {
  const std::string leader = " to the leader of term " + base::to_text(answer.term);
  if (answer.is_accepted) {
    if (!has_log_of_leader(name, member, answer.term, answer.index)) {
      accuse(name, "says" + leader + " that it has its log up to index " + base::to_text(answer.index) + ", which is not durable");
    }
    if (member.answered < answer.term) member.acknowledged = {};
    member.answered = std::max(member.answered, answer.term);
    if (member.answered == answer.term) member.acknowledged = std::max(member.acknowledged, answer.index);
    return;
  }
  // Index 0: only that the time of that leader is over.
  if (answer.term != member.answered || answer.index == base::LogIndex() || answer.index > member.acknowledged) return;
  accuse(name, "says" + leader + " that it has not its entry at index " + base::to_text(answer.index) + ", after it acknowledged up to " +
                   base::to_text(member.acknowledged));
}

void DurabilityOracle::on_committed(std::string_view name, base::EntryId id) {
  if (id.index <= settled_) return;
  const Configurations::Change* const group = configurations_.at(name, id.index);
  if (group == nullptr) return accuse(name, "called entry " + base::to_text(id) + " committed in a group that nobody knows");
  std::set<base::MemberId> holders;
  for (const auto& [member, voter] : configurations_.names()) {
    if (has_durable(voter, id)) holders.insert(member);
  }
  bool is_safe = is_quorum(group->configuration, holders);
  // Who leads counts by the newest group in its log, also for entries in front of it. That in force before must be committed then.
  base::LogIndex before = group->id.index;
  for (const Configurations::Change* const later : configurations_.above(name, id.index)) {
    if (before <= settled_) is_safe = is_safe || is_quorum(later->configuration, holders);
    before = later->id.index;
  }
  if (!is_safe) {
    return accuse(name, "called entry " + base::to_text(id) + " committed, but of the group " + to_text(group->configuration, configurations_) + " " +
                            (holders.empty() ? "nobody has it" : "only " + configurations_.to_text(holders) + " had it") +
                            " on the disk durably: a power loss now could lose an acknowledged write");
  }
  settled_ = id.index;
  for (auto& one : members_) {
    std::map<base::LogIndex, Copy>& copies = one.second.copies;
    copies.erase(copies.begin(), copies.upper_bound(settled_));
  }
}

}  // namespace sim
