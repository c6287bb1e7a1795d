#include "core/raft/quorum.h"

#include <algorithm>

#include "core/base/assert.h"

namespace raft {

base::LogIndex majority_matched(std::span<base::LogIndex> matched) {
  ASSERT(!matched.empty());
  std::sort(matched.begin(), matched.end());
  return matched[matched.size() - majority(matched.size())];
}

}  // namespace raft
