#include "core/raft/quorum.h"

#include <algorithm>

namespace raft {

base::LogIndex majority_matched(std::span<base::LogIndex> matched) {
  ASSERT(!matched.empty());
  std::sort(matched.begin(), matched.end());
  return matched[matched.size() - majority(matched.size())];
}

Quorum::Quorum(const Configuration& configuration)
    : incoming_(configuration.voters()), outgoing_(configuration.outgoing_voters()) {
  ASSERT(!incoming_.empty());
}

bool Quorum::is_alone(base::MemberId member) const {
  const auto alone = [member](const std::vector<base::MemberId>& voters) { return voters.size() == 1 && voters[0] == member; };
  return alone(incoming_) && (outgoing_.empty() || alone(outgoing_));
}

Decision Quorum::decide(std::size_t voters, std::size_t yes, std::size_t no) {
  ASSERT(yes + no <= voters);
  if (yes >= majority(voters)) return Decision::won;
  return voters - no < majority(voters) ? Decision::lost : Decision::open;
}

}  // namespace raft
