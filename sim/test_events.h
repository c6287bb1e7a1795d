// sim/test_events.h: short words for what members tell, for the tests of the oracles.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/raft/configuration.h"
#include "io/observer.h"
#include "sim/configurations.h"

namespace sim {

inline base::EntryId id(std::uint64_t term, std::uint64_t index) { return {base::Term(term), base::LogIndex(index)}; }
inline base::Hash128 hash(std::uint64_t value) { return {value, value}; }

inline io::Appended appended(std::uint64_t term, std::uint64_t index, std::string_view bytes = "a") {
  return {id(term, index), base::EntryKind::command, bytes};
}
inline io::Recovered recovered(base::EntryId last, std::uint64_t applied, base::Hash128 state = {}) {
  return {base::LogIndex(1), last, {base::StoreGeneration(1), base::LogIndex(applied)}, state, base::MemberId::none, {}};
}

// `m3` is member 3.
inline base::MemberId member_id(std::string_view name) { return base::MemberId(static_cast<std::uint64_t>(name[1] - '0')); }

// Of a group whose members are written as `m1 m2? m3-`: with `?` they learn; in a joint one those with `-` leave, those with `+` stay, and
// the others are new.
inline raft::Configuration group_of(std::string_view text) {
  raft::Configuration out;
  for (std::size_t at = 0; at < text.size(); at = text.find('m', at + 1)) {
    const char how = at + 2 < text.size() ? text[at + 2] : ' ';
    out.members.push_back({member_id(text.substr(at)), how == '?', {}, how == '-' || how == '+', how == '-'});
  }
  return out;
}

inline Founders founders_of(std::string_view text) {
  Founders out;
  const raft::Configuration group = group_of(text);
  for (const raft::Member& member : group.members) {
    (member.is_learner ? out.learners : out.voters).push_back("m" + std::to_string(member.id.value()));
  }
  return out;
}

// The event as this member tells it: one that comes back says who it is, and what the group was before its log begins.
inline io::Event told_by(std::string_view member, io::Event event, std::string_view group) {
  if (auto* recovered = std::get_if<io::Recovered>(&event); recovered != nullptr && recovered->self == base::MemberId::none) {
    recovered->self = member_id(member);
    recovered->configuration = group;
  }
  return event;
}

}  // namespace sim
