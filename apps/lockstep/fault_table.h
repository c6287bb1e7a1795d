// apps/lockstep/fault_table.h: the table of docs/fault-model.md: each kind of fault, how often it mattered, and which planted mistake it alone
// reveals.
//
// The counts are those of the batches that it was last written from; kinds, words and patches have to be those of now.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/lockstep/planted_bugs.h"

namespace lockstep {

// What `lockstep sim --json` says of one scenario.
struct Batch {
  std::string scenario;
  std::uint64_t first_seed = 0;
  std::uint64_t last_seed = 0;
  std::map<std::string, std::uint64_t> faults;  // by kind
};

// Nothing: it is no such summary, or one of a batch that did without some kinds.
std::optional<Batch> batch_of(std::string_view summary);
// Batches of one scenario whose seeds follow each other are one: a long one may be run in parts.
std::vector<Batch> joined(const std::vector<Batch>& batches);
std::string fault_table(const std::vector<Batch>& batches, const std::vector<Bug>& bugs);
// The document with this table between its marks; nothing when it has no marks.
std::optional<std::string> with_table(std::string_view document, std::string_view table);
// What is wrong with the table of the document, a line each.
std::vector<std::string> objections(std::string_view document, const std::vector<Bug>& bugs);

}  // namespace lockstep
