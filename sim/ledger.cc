#include "sim/ledger.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/assert.h"

namespace sim {

std::string_view to_text(Loss loss) {
  switch (loss) {
    case Loss::log: return "log";
    case Loss::store: return "store";
    case Loss::disk: return "disk";
    case Loss::forgotten: return "forgotten";
  }
  ASSERT(false && "a loss outside the enumeration");
  return {};
}

Ledger::Member& Ledger::member(std::string_view name) {
  const auto found = members_.find(name);
  return found != members_.end() ? found->second : members_[std::string(name)];
}

const Ledger::Member* Ledger::find(std::string_view name) const {
  const auto found = members_.find(name);
  return found != members_.end() ? &found->second : nullptr;
}

// --- what a member tells ----------------------------------------------------------------------------

void Ledger::on_event(std::string_view name, const io::Event& event) {
  if (!is_kept_) return;
  if (const auto* wrote = std::get_if<io::WroteEntries>(&event)) {
    Member& one = member(name);
    const std::shared_ptr<Write> write = begin_write(one, wrote->file, wrote->offset, wrote->bytes);
    one.copies.erase(one.copies.lower_bound(wrote->first.index), one.copies.end());
    base::LogIndex index = wrote->first.index;
    for (const base::Term term : logs_.terms_up_to(wrote->last, index)) {
      one.copies.emplace_hint(one.copies.end(), index, Copy{term, write});
      index = index.next();
    }
  } else if (const auto* vote = std::get_if<io::WroteVote>(&event)) {
    Member& one = member(name);
    one.vote = begin_write(one, vote->file, vote->offset, vote->bytes);
  } else if (const auto* started = std::get_if<io::WroteStart>(&event)) {
    Member& one = member(name);
    begin_write(one, started->file, started->offset, started->bytes);
    one.dropped = std::max(one.dropped, started->last.index);
    one.copies.erase(one.copies.begin(), started->is_reset ? one.copies.end() : one.copies.upper_bound(started->last.index));
    one.generation = started->store.generation;
  } else if (std::holds_alternative<io::LogSynced>(event)) {
    Member& one = member(name);
    if (one.newest != nullptr && is_durable(name, *one.newest)) one.synced = one.newest;
    forget_files(one);
  } else if (const auto* recovered = std::get_if<io::Recovered>(&event)) {
    on_recovered(name, member(name), *recovered);
  } else if (const auto* installed = std::get_if<io::Installed>(&event)) {
    member(name).generation = installed->store.generation;
    member(name).is_store_spoilt = false;
  }
}

// Several events may be about one batch.
std::shared_ptr<Ledger::Write> Ledger::begin_write(Member& member, std::string_view file, std::uint64_t offset, std::string_view bytes) {
  if (member.newest != nullptr && member.newest->file == file && member.newest->offset == offset && !member.newest->is_durable) {
    const base::Hash128 hash = base::hash128(bytes, offset);
    if (member.newest->hash == hash) return member.newest;
  }
  member.newest = std::make_shared<Write>(Write{std::string(file), offset, bytes.size(), base::hash128(bytes, offset), false});
  std::uint64_t& end = member.files[std::string(file)];
  end = std::max(end, offset + bytes.size());
  return member.newest;
}

// Files of the log are named in their order. Those in front of the oldest entry that it keeps may go.
void Ledger::forget_files(Member& member) {
  if (member.files.empty()) return;
  const std::string& oldest = member.copies.empty() ? member.files.rbegin()->first : member.copies.begin()->second.write->file;
  member.files.erase(member.files.begin(), member.files.lower_bound(oldest));
}

// A disk that was sound would have it.
bool Ledger::is_durable(std::string_view name, Write& write) const {
  if (!write.is_durable) write.is_durable = base::hash128(truth_.durable_bytes(name, write.file, write.offset, write.size), write.offset) == write.hash;
  return write.is_durable;
}

bool Ledger::is_intact(std::string_view name, const Write& write) const {
  return truth_.is_intact(name, write.file, write.offset, write.size);
}

// Before it touches anything: what it reads it writes again, elsewhere.
void Ledger::on_start(std::string_view name) {
  if (!is_kept_) return;
  Member& one = member(name);
  const auto is_cut = [&](Write& write) { return is_durable(name, write) && !is_intact(name, write); };
  for (auto copy = one.copies.rbegin(); copy != one.copies.rend(); ++copy) {
    if (!is_durable(name, *copy->second.write)) continue;  // never promised
    if (!is_cut(*copy->second.write)) break;
    one.cut = std::min(one.cut.value_or(copy->first), copy->first);
  }
  if (one.newest != nullptr && is_durable(name, *one.newest)) one.synced = one.newest;
  // Every batch repeats the vote.
  if (one.vote != nullptr && is_cut(*one.vote) && (one.synced == nullptr || is_cut(*one.synced))) one.is_vote_cut = true;
  judge();
}

void Ledger::on_wipe(std::string_view name) {
  if (const auto found = members_.find(name); found != members_.end()) members_.erase(found);
}

void Ledger::on_recovered(std::string_view name, Member& member, const io::Recovered& recovered) {
  const std::optional<base::LogIndex> cut = std::exchange(member.cut, std::nullopt);
  const bool is_vote_cut = std::exchange(member.is_vote_cut, false);
  member.has_forgotten = false;
  member.generation = recovered.store.generation;
  const auto has = [&](base::LogIndex index, base::Term term) { return index <= recovered.last.index && logs_.terms_up_to(recovered.last, index).front() == term; };
  std::vector<base::EntryId> forgotten;
  while (!member.copies.empty() && !has(member.copies.rbegin()->first, member.copies.rbegin()->second.term)) {
    const auto last = std::prev(member.copies.end());
    if (last->second.write->is_durable) forgotten.push_back({last->second.term, last->first});
    member.copies.erase(last);
  }
  member.dropped = std::max(member.dropped, recovered.first_kept.previous());
  // What was not spoilt is not excused (DurabilityOracle).
  const bool is_excused = cut && std::all_of(forgotten.begin(), forgotten.end(), [&](base::EntryId id) { return id.index >= *cut; });
  const auto give_up = [&](const std::string& what) {
    is_beyond_ = true;
    note(name, Loss::forgotten);
    findings_.report(VerdictKind::refused, kName, "member " + std::string(name) + " has forgotten " + what +
                                                      ": it stood in the last batch that it had synced, which is spoilt, and nobody can tell that from "
                                                      "a torn write", Subject{{}, std::string(name), {}});
  };
  if (is_vote_cut) return give_up("its vote");
  if (forgotten.empty() || !is_excused) return;
  const Configurations::Change* const group = configurations_.committed();
  for (const base::EntryId id : forgotten) {
    std::set<base::MemberId> holders;
    for (const auto& [other, known] : configurations_.names()) {
      if (known != name && holds(known, id)) holders.insert(other);
    }
    if (group == nullptr || !is_quorum(group->configuration, holders)) return give_up("entry " + base::to_text(id));
  }
  member.has_forgotten = true;
  note(name, Loss::forgotten);
}

bool Ledger::has_forgotten(std::string_view name) const {
  const Member* const one = find(name);
  return one != nullptr && one->has_forgotten;
}

// --- what the world does ----------------------------------------------------------------------------

void Ledger::on_store_spoilt(std::string_view name) {
  ASSERT(is_kept_);
  member(name).is_store_spoilt = true;
  note(name, Loss::store);
  judge();
}

void Ledger::on_log_spoilt(std::string_view name) {
  ASSERT(is_kept_);
  note(name, Loss::log);
  judge();
}

void Ledger::on_disk_lost(std::string_view name) {
  ASSERT(is_kept_);
  member(name).is_disk_lost = true;
  note(name, Loss::disk);
  judge();
}

void Ledger::on_gone(std::string_view name) {
  member(name).is_gone = true;
  judge();
}

void Ledger::note(std::string_view name, Loss loss) {
  if (std::exchange(member(name).counted[loss], true)) return;
  ++counts_[loss];
}

// --- what is left -----------------------------------------------------------------------------------

std::vector<Loss> Ledger::losses(std::string_view name) const {
  std::vector<Loss> out;
  const Member* const one = find(name);
  if (one == nullptr) return out;
  const bool is_log_whole = std::all_of(one->files.begin(), one->files.end(), [&](const auto& file) { return truth_.is_intact(name, file.first, 0, UINT64_MAX); });
  // With a cut the log on the disk may be another one by now, as it was written again.
  if (!is_log_whole || one->cut) out.push_back(Loss::log);
  if (one->is_store_spoilt || !truth_.is_store_intact(name, one->generation)) out.push_back(Loss::store);
  if (one->is_disk_lost) out.push_back(Loss::disk);
  return out;
}

bool Ledger::is_gone(std::string_view name) const {
  const Member* const one = find(name);
  return one != nullptr && one->is_gone;
}

bool Ledger::holds(std::string_view name, base::EntryId id) const {
  const Member* const one = find(name);
  if (one == nullptr || one->is_gone || !is_whole(name)) return false;
  if (id.index <= one->dropped) return true;
  const auto copy = one->copies.find(id.index);
  return copy != one->copies.end() && copy->second.term == id.term && is_durable(name, *copy->second.write) && is_intact(name, *copy->second.write);
}

void Ledger::judge() {
  const Configurations::Change* const group = configurations_.committed();
  if (is_beyond_ || group == nullptr) return;
  const base::LogIndex last = committed_.last_index();
  const base::EntryId newest = last == base::LogIndex() ? base::EntryId() : base::EntryId{committed_.term_at(last), last};
  std::set<base::MemberId> whole;
  std::set<base::MemberId> without;
  for (const raft::Member& one : group->configuration.members) {
    const auto named = configurations_.names().find(one.id);
    const std::string name = named != configurations_.names().end() ? named->second : std::string();  // it has not started yet
    if (is_gone(name) || !is_whole(name)) continue;
    whole.insert(one.id);
    // Whoever has the newest one has all in front of it.
    if (newest != base::EntryId() && !holds(name, newest)) without.insert(one.id);
  }
  is_beyond_ = !is_quorum(group->configuration, whole) || is_quorum(group->configuration, without);
}

bool Ledger::is_beyond() {
  if (is_kept_) judge();
  return is_beyond_;
}

std::vector<Ledger::LogFile> Ledger::log_files(std::string_view name) const {
  std::vector<LogFile> out;
  const Member* const one = find(name);
  if (one == nullptr) return out;
  for (const auto& file : one->files) out.push_back({file.first, file.second});
  return out;
}

base::StoreGeneration Ledger::generation(std::string_view name) const {
  const Member* const one = find(name);
  return one != nullptr ? one->generation : base::StoreGeneration();
}

}  // namespace sim
