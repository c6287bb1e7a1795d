#include "io/sim/turns.h"

#include <algorithm>

namespace io::sim {

std::string to_text(const Turn& turn) {
  return "turn " + std::to_string(turn.number) + " at " + std::to_string(turn.at.since_start().count()) + " ns, node " +
         std::to_string(turn.node) + ", " + std::string(to_text(turn.kind)) + ", payload " + std::to_string(turn.payload) +
         ", digest " + base::to_text(turn.digest);
}

void Turns::add(VirtualTime at, std::uint64_t node, TurnKind kind, std::uint64_t payload) {
  digest_.fold(static_cast<std::uint64_t>(at.since_start().count()));
  digest_.fold(node);
  digest_.fold(static_cast<std::uint64_t>(kind));
  digest_.fold(payload);
  last_ = Turn{last_.number + 1, at, node, kind, payload, digest_.value()};
  if (is_keeping_) kept_.push_back(last_);
}

std::optional<std::size_t> first_difference(const std::vector<Turn>& one, const std::vector<Turn>& other) {
  const std::size_t common = std::min(one.size(), other.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (one[i].digest != other[i].digest) return i;
  }
  return std::nullopt;
}

}  // namespace io::sim
