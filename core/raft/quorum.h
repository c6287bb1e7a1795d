// core/raft/quorum.h: what a majority has agreed on (Raft §5.2, §5.3), or two of them while a configuration is joint (§6).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/raft/configuration.h"

namespace raft {

// The smallest number of voters that intersects every other such number. Requires: voters > 0.
constexpr std::size_t majority(std::size_t voters) { return voters / 2 + 1; }

// The highest log index that a majority has durably. `matched` has one element per voter and is sorted by the call.
// Requires: not empty.
base::LogIndex majority_matched(std::span<base::LogIndex> matched);

enum class Decision : std::uint8_t { open, won, lost };

// The voters of a configuration, as those who count them want them.
class Quorum {
 public:
  // Requires: the configuration has a voter.
  explicit Quorum(const Configuration& configuration);

  const std::vector<base::MemberId>& incoming() const { return incoming_; }
  const std::vector<base::MemberId>& outgoing() const { return outgoing_; }
  // The member alone is a majority of whatever decides.
  bool is_alone(base::MemberId member) const;

  // The highest log index that is committed by counting. matched(member) is how far a voter is known to have the leader's log.
  template <typename Matched>
  base::LogIndex matched(Matched&& matched) const;

  // vote(member): true, false or nothing yet.
  template <typename Vote>
  Decision decide(Vote&& vote) const;

  // Those who say yes are enough. yes(member) -> bool.
  template <typename Yes>
  bool is_agreed(Yes&& yes) const {
    return decide([&](base::MemberId member) { return yes(member) ? std::optional(true) : std::nullopt; }) == Decision::won;
  }

 private:
  static Decision decide(std::size_t voters, std::size_t yes, std::size_t no);

  std::vector<base::MemberId> incoming_;
  std::vector<base::MemberId> outgoing_;  // empty: not joint
};

template <typename Matched>
base::LogIndex Quorum::matched(Matched&& matched) const {
  const auto of = [&](const std::vector<base::MemberId>& voters) {
    std::vector<base::LogIndex> all;
    all.reserve(voters.size());
    for (const base::MemberId voter : voters) all.push_back(matched(voter));
    return majority_matched(all);
  };
  const base::LogIndex incoming = of(incoming_);
  return outgoing_.empty() ? incoming : std::min(incoming, of(outgoing_));
}

template <typename Vote>
Decision Quorum::decide(Vote&& vote) const {
  const auto of = [&](const std::vector<base::MemberId>& voters) {
    std::size_t yes = 0;
    std::size_t no = 0;
    for (const base::MemberId voter : voters) {
      const std::optional<bool> one = vote(voter);
      if (one) ++(*one ? yes : no);
    }
    return decide(voters.size(), yes, no);
  };
  const Decision incoming = of(incoming_);
  if (outgoing_.empty() || incoming == Decision::lost) return incoming;
  const Decision outgoing = of(outgoing_);
  if (outgoing == Decision::lost) return outgoing;
  return incoming == Decision::won ? outgoing : Decision::open;
}

}  // namespace raft
