// sim/etcd/change.h: what an operator of a run does to the group, as a line of a trace.
//
//   member voter      a machine that is free joins as a voter
//   member learner    it joins without a vote
//   member promote    a learner gets one, as soon as it has caught up
//   member remove     somebody leaves, perhaps the leader
//   member replace    somebody leaves, and another member joins on that machine, with an empty disk
//   member update     somebody moves to another peer URL, and then answers there, perhaps at the old one as well
//
// Whom it is done to shows only when the group is looked at: a decision with the operator's and the change's number for a name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim::etcd {

enum class GroupChange : std::uint8_t { voter, learner, promote, remove, replace, update };
inline constexpr std::size_t kGroupChangeCount = 6;

std::string to_text(GroupChange change);
std::string_view name_of(GroupChange change);
std::optional<GroupChange> parse_change(std::string_view text);

// So long before the faults end no change begins any more: by then each has happened, or certainly will not.
inline constexpr base::Duration kNoChangeBefore = std::chrono::seconds(12);

// Adds an operator, now and then two, after the clients that there are, and what they do before `until`.
// Requires: clients is set, and the clients' operations are there.
void draw_changes(io::sim::Decisions& decisions, base::Duration until, Plan& plan);

}  // namespace sim::etcd
