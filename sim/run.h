// sim/run.h: one run, from a plan to a verdict.
//
// A pure function of (scenario, plan): two runs of the same plan have the same digest, on any machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/hash.h"
#include "core/base/result.h"
#include "io/sim/decisions.h"
#include "io/sim/faults.h"
#include "io/sim/turns.h"
#include "sim/member.h"
#include "sim/plan.h"
#include "sim/standing.h"
#include "sim/story.h"
#include "sim/tenant.h"
#include "sim/verdict.h"

namespace sim {

struct Outcome {
  Verdict verdict;
  base::Hash128 digest;
  std::uint64_t turns = 0;
  base::Duration simulated{};
  io::sim::FaultCounters faults;
  CrashCounts crashes;
  bool is_beyond = false;                       // more was lost than the group bears (Ledger), at some time
  std::map<std::string, std::uint64_t> losses;  // how many members lost what, at some time
  std::uint64_t gone = 0;                       // members that refused their files, or have lost their disk
  // Since the faults ended, by kBounds; what was not reached is not in it.
  std::map<std::string, base::Duration> reached_after;
  std::uint64_t commits_proven = 0;             // log writes that were found durable
  std::map<std::string, std::uint64_t> counts;  // the tenant's
  base::MarkCounts marks;                       // of all members; what a process reached that died is not among them
};

struct RunOptions {
  bool keep_turns = false;      // for first_difference()
  bool keep_decisions = false;  // for comparing two runs by name
  bool keep_hits = false;       // what happened by chance
  bool keep_log = false;        // the members' log lines
  bool keep_story = false;      // what happened, the log lines in it, and how the machines stand at its end
  std::uint64_t turns_max = 0;  // the run ends behind this turn, unjudged; 0: at its end
  base::Duration until{};       // or at this instant; 0: at its end
  std::uint64_t* turn_begun = nullptr;  // the number of each turn, before it begins: of the last one when the process dies in it
};

// What a run leaves behind on request; empty otherwise.
struct Recording {
  std::vector<io::sim::Turn> turns;
  std::vector<io::sim::Decisions::Record> decisions;
  std::vector<std::uint64_t> hits;  // names: as pins to zero they happen without a rate
  std::vector<std::string> log;  // `time node level message key=value…`, by time
  Story story;
  std::vector<MachineStanding> machines;  // the members', at its end
};

// invalid when the plan names what this version does not know, or contradicts itself.
base::Result<Outcome> run(const Scenario& scenario, const Plan& plan, const RunOptions& options = {}, Recording* recording = nullptr);

}  // namespace sim
