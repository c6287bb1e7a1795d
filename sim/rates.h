// sim/rates.h: the chances of a plan, by name.
//
// A plan names what may go wrong by itself, per call, and how often in a million. Each name is one field of
// io/sim/faults.h; each can be taken away alone, which is how a shrinker finds out what mattered.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/sim/faults.h"

namespace sim {

struct Faults {
  io::sim::DiskFaults disk;
  io::sim::LinkFaults link;
  io::sim::NodeFaults node;
  std::uint32_t peer_corrupt_per_million = 0;  // of the links between members: LinkFaults::corrupt_per_million
};

// A world with these chances. invalid for a name that this version does not know.
base::Result<Faults> faults_of(const std::map<std::string, std::uint64_t>& rates);

// What a scenario may draw from, and how high each may go.
struct RateLimit {
  std::string_view name;
  std::uint32_t per_million_max;
};
const std::vector<RateLimit>& rate_limits();

}  // namespace sim
