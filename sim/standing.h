// sim/standing.h: how everything stands when a story ends: each member, its disk and its clock, and what was going on.
//
// What members said is in the story, and folded here as the page of a report folds it under its cursor (apps/runs/page/state.js). Of disks
// and clocks only the simulator knows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "io/sim/node.h"
#include "sim/story.h"

namespace sim {

// A machine as its operator could never see it.
struct MachineStanding {
  bool is_up = false;
  std::uint64_t incarnation = 0;
  base::Duration clock{};       // monotonic, of its process; as it was last while down
  base::WallTime wall;
  base::Duration busy{};        // it handles nothing for so long
  std::vector<std::string> jobs;  // owners of the queues whose job is under way
  std::vector<io::sim::FileStanding> files;
};
MachineStanding standing_of(io::sim::Node& node, io::sim::VirtualTime now);

// What a member is by what it has said.
struct MemberStanding {
  bool is_up = false;
  bool is_ready = false;
  std::string why = "has not started";  // while it is down
  std::string part;                     // empty: it has not said
  base::Term term;
  std::int32_t leader = kNoLane;
  std::int32_t voted_for = kNoLane;
  base::Term vote_term;                 // 0: no vote is known
  base::EntryId last;                   // of the log, in memory
  base::LogIndex first;                 // that the log still has; 0: never heard of
  base::LogIndex durable;               // of the log, it says
  base::LogIndex committed;
  base::LogIndex applied;
  base::LogIndex store_durable;
  std::string holds;                    // in the tenant's words
  std::string group;
  std::vector<std::int32_t> snapshots_to;
};
// Of each member, by lane, at the end of the story.
std::vector<MemberStanding> standings(const Story& story);

// All of it for a reader, of members by lane. `machines` are those of the members.
std::string standing_text(const Story& story, const std::vector<MachineStanding>& machines);

}  // namespace sim
