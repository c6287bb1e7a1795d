// sim/test_events.h: short words for what members tell, for the tests of the oracles.
#pragma once

#include <cstdint>
#include <string_view>

#include "io/observer.h"

namespace sim {

inline base::EntryId id(std::uint64_t term, std::uint64_t index) { return {base::Term(term), base::LogIndex(index)}; }
inline base::Hash128 hash(std::uint64_t value) { return {value, value}; }

inline io::Appended appended(std::uint64_t term, std::uint64_t index, std::string_view bytes = "a") {
  return {id(term, index), base::EntryKind::command, bytes};
}
inline io::Recovered recovered(base::EntryId last, std::uint64_t applied, base::Hash128 state = {}) {
  return {base::LogIndex(1), last, {base::StoreGeneration(1), base::LogIndex(applied)}, state};
}

}  // namespace sim
