// io/sim/turns.h: the digest of a run, turn by turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/hash.h"
#include "io/sim/events.h"
#include "io/sim/virtual_time.h"

namespace io::sim {

struct Turn {
  std::uint64_t number = 0;  // from 1
  VirtualTime at;
  std::uint64_t node = 0;    // its key; 0 for an action
  TurnKind kind = TurnKind::action;
  std::uint64_t payload = 0;  // hash of what the turn read, wrote and was told
  base::Hash128 digest;       // of the run up to and including this turn
};
std::string to_text(const Turn& turn);

// Two runs are the same run when their digests are equal.
class Turns {
 public:
  const Turn& last() const { return last_; }
  std::uint64_t count() const { return last_.number; }
  const base::Hash128& digest() const { return digest_.value(); }

  // Keeps every turn from here on, for first_difference().
  void keep(bool on) { is_keeping_ = on; }
  const std::vector<Turn>& kept() const { return kept_; }

  void add(VirtualTime at, std::uint64_t node, TurnKind kind, std::uint64_t payload);

 private:
  base::Digest digest_;
  Turn last_;
  bool is_keeping_ = false;
  std::vector<Turn> kept_;
};

// The position of the first turn in which two recorded runs differ; nothing when one is the other's beginning.
std::optional<std::size_t> first_difference(const std::vector<Turn>& one, const std::vector<Turn>& other);

}  // namespace io::sim
