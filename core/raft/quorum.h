// core/raft/quorum.h: what a majority has agreed on (Raft §5.2, §5.3).
#pragma once

#include <cstddef>
#include <span>

#include "core/base/ids.h"

namespace raft {

// The smallest number of voters that intersects every other such number. Requires: voters > 0.
constexpr std::size_t majority(std::size_t voters) { return voters / 2 + 1; }

// The highest log index that a majority has durably. `matched` has one element per voter and is sorted by the call.
// Requires: not empty.
base::LogIndex majority_matched(std::span<base::LogIndex> matched);

}  // namespace raft
