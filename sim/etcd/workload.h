// sim/etcd/workload.h: what the clients of a run ask, and when, drawn from its seed.
//
// A swarm, like the faults: each seed has habits of its own. It leaves some kinds of operation out and asks for others
// often; its keys are a few, dozens or hundreds, so that a range is one slice or a hundred of them; it compacts never,
// seldom or all the time; it reads what is newest, just behind it or far back; it works evenly or in bursts with
// silence between them. What is drawn for an operation is named by client and number, and by where it stands
// in a transaction: taking one out leaves the others as they are.
#pragma once

#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim::etcd {

// Mostly up to `few_max`, which are busy; sometimes a crowd with little to do each. What is under way when a leader is cut off waits until its
// client gives up, so only somebody who was idle then is the first to write elsewhere, while others still ask the leader that was.
std::uint32_t draw_client_count(io::sim::Decisions& decisions, std::uint32_t few_max);

// How many operations the clients of a usual run have together.
inline constexpr std::uint32_t kOperationsPerRun = 1600;
// Of members that are slow, since they wait for their stores again and again.
inline constexpr std::uint32_t kOperationsPerSlowRun = 600;

struct WorkloadTimes {
  base::Duration until{};  // of what is drawn: when the faults end, or later; but then leadership is not moved, perhaps to a member that is broken for good
  base::Duration last{};   // of the last operations, which are the same in all runs but for a compaction in some of the seeds that compact at all
};

// Fills plan.operations, each client's in the order of their times, with about `operations` until `times.until`.
// Requires: clients and faults_until are set.
void draw_workload(io::sim::Decisions& decisions, std::uint32_t operations, WorkloadTimes times, Plan& plan);

}  // namespace sim::etcd
