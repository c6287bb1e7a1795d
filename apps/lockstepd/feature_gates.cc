#include "apps/lockstepd/feature_gates.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "apps/lockstepd/values.h"

namespace lockstepd {

namespace {

struct Gate {
  std::string_view name;
  bool fallback;
  bool is_settable;  // false: only the default is taken
};

constexpr std::string_view kLeaseCheckpoint = "LeaseCheckpoint";
constexpr std::string_view kLeaseCheckpointPersist = "LeaseCheckpointPersist";

constexpr std::array<Gate, 9> kGates = {{
    {"TxnModeWriteWithSharedBuffer", true, false},
    {"FastLeaseKeepAlive", true, false},
    {"InitialCorruptCheck", false, false},
    {"CompactHashCheck", false, false},
    {kLeaseCheckpoint, false, true},
    {kLeaseCheckpointPersist, false, true},  // checkpoints always are: they stand in the store like everything from the log
    {"StopGRPCServiceOnDefrag", false, false},
    {"SetMemberLocalAddr", false, false},
    {"PriorityRequest", false, false},
}};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

tl::unexpected<Refusal> refused_gate(std::string text) { return refuse(ExitCode::failed, "--feature-gates: " + std::move(text)); }

}  // namespace

Parsed<FeatureGates> parse_feature_gates(std::string_view text) {
  FeatureGates gates;
  bool is_persistent = false;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view one = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) return refused_gate("missing bool value for " + std::string(one));
    const std::string_view name = trimmed(one.substr(0, equals));
    const std::optional<bool> value = parse_boolean(trimmed(one.substr(equals + 1)));
    const auto gate = std::find_if(kGates.begin(), kGates.end(), [&](const Gate& known) { return known.name == name; });
    if (gate == kGates.end()) return refused_gate("unrecognized feature gate: " + std::string(name));
    if (!value) return refused_gate("invalid value in " + std::string(one) + ": it is true or false");
    if (!gate->is_settable && *value != gate->fallback) return refused_gate(std::string(one) + " is not supported yet: leave it out");
    if (name == kLeaseCheckpoint) gates.lease_checkpoint = *value;
    if (name == kLeaseCheckpointPersist) is_persistent = *value;
  }
  if (is_persistent && !gates.lease_checkpoint) {
    return refused_gate("enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint");
  }
  return gates;
}

}  // namespace lockstepd
