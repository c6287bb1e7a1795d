#include "sim/group_log.h"

#include <algorithm>
#include <memory>

#include "core/base/assert.h"

namespace sim {

void GroupLog::on_event(std::string_view member, const io::Event& event) {
  const auto* appended = std::get_if<io::Appended>(&event);
  const auto* recovered = std::get_if<io::Recovered>(&event);
  const auto* replaced = std::get_if<io::LogReplaced>(&event);
  if (appended == nullptr && recovered == nullptr && replaced == nullptr) return;
  auto found = logs_.find(member);
  if (found == logs_.end()) found = logs_.emplace(std::string(member), Terms()).first;
  if (appended != nullptr) on_appended(member, found->second, *appended);
  else if (recovered != nullptr) become(member, found->second, recovered->last, "came back with a log that ends with ");
  else become(member, found->second, replaced->last, "replaced its log by a snapshot that ends with ");
}

void GroupLog::on_wipe(std::string_view member) {
  if (const auto found = logs_.find(member); found != logs_.end()) logs_.erase(found);
}

const GroupLog::Known* GroupLog::find(base::EntryId id) const {
  if (id.index == base::LogIndex() || id.index.value() > known_.size()) return nullptr;
  const std::vector<Known>& here = known_[id.index.value() - 1];
  const auto found = std::find_if(here.begin(), here.end(), [&](const Known& known) { return known.term == id.term; });
  return found != here.end() ? &*found : nullptr;
}

const GroupLog::Terms* GroupLog::log_of(std::string_view member) const {
  const auto found = logs_.find(member);
  return found != logs_.end() ? &found->second : nullptr;
}

base::Term GroupLog::term_at(std::string_view member, base::LogIndex index) const {
  const Terms* log = log_of(member);
  if (log == nullptr || index == base::LogIndex() || index.value() > log->size()) return {};
  return (*log)[index.value() - 1];
}

base::EntryId GroupLog::last(std::string_view member) const {
  const Terms* log = log_of(member);
  if (log == nullptr || log->empty()) return {};
  return {log->back(), base::LogIndex(log->size())};
}

std::vector<base::Term> GroupLog::terms_up_to(base::EntryId last, base::LogIndex first) const {
  ASSERT(first <= last.index);
  std::vector<base::Term> terms(last.index.since(first) + 1);
  base::EntryId at = last;
  for (std::size_t i = terms.size(); i-- > 0;) {
    terms[i] = at.term;
    const Known* known = find(at);
    at = {known != nullptr ? known->before : at.term, i > 0 ? at.index.previous() : at.index};
  }
  return terms;
}

void GroupLog::release(base::LogIndex index) {
  ASSERT(index != base::LogIndex());
  if (index.value() > known_.size()) return;
  for (Known& known : known_[index.value() - 1]) known.data.reset();
}

void GroupLog::on_appended(std::string_view member, Terms& log, const io::Appended& appended) {
  const std::uint64_t at = appended.id.index.value();
  const auto accuse = [&](const std::string& how) {
    findings_.safety(kName, "member " + std::string(member) + " appended " + base::to_text(appended.id) + how);
  };
  if (at == 0 || at > log.size() + 1) return accuse(" to a log that ends at index " + std::to_string(log.size()));
  log.resize(at - 1);
  const base::Term before = log.empty() ? base::Term() : log.back();
  if (appended.id.term < before) return accuse(" behind an entry of the later term " + base::to_text(before));
  log.push_back(appended.id.term);
  const base::Hash128 hash = base::hash128(appended.bytes, static_cast<std::uint64_t>(appended.kind));
  if (known_.size() < at) known_.resize(at);
  if (const Known* known = find(appended.id); known == nullptr) {
    known_[at - 1].push_back({appended.id.term, before, appended.kind, hash, std::make_shared<const std::string>(appended.bytes)});
  } else if (known->hash != hash) {
    accuse(" with other bytes than this entry had before");
  } else if (known->before != before) {
    accuse(" behind an entry of term " + base::to_text(before) + ", where one of term " + base::to_text(known->before) + " stood before it");
  }
}

void GroupLog::become(std::string_view member, Terms& log, base::EntryId last, std::string_view how) {
  const std::uint64_t size = last.index.value();
  if (size > 0 && find(last) == nullptr) {
    return findings_.safety(kName, "member " + std::string(member) + " " + std::string(how) + base::to_text(last) +
                                       ", which nobody has ever appended");
  }
  log.resize(size);
  base::EntryId at = last;
  for (std::size_t i = size; i-- > 0 && log[i] != at.term;) {
    log[i] = at.term;
    const Known* known = find(at);
    ASSERT(known != nullptr);  // what stands before an entry was appended before it
    at = {known->before, at.index.previous()};
  }
}

}  // namespace sim
