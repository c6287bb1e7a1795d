// apps/lockstep/drive_log.h: what a store holds before a drive, and its log afterwards, read with nothing but ranges.
//
// A revision's puts are what a range over everything at that revision finds changed there; its deletes are the keys that stood at
// the revision before and no longer stand. How many keys there are tells where one has to look: so no Watch is needed.
#pragma once

#include <string>
#include <vector>

#include "apps/lockstep/bench_run.h"
#include "apps/lockstep/drive_options.h"
#include "apps/lockstep/drive_recorder.h"
#include "core/base/result.h"
#include "io/network.h"
#include "sim/etcd/history.h"

namespace lockstep {

// Fills first_revision and base. invalid: there is what no drive could judge, such as keys with leases.
base::Status read_base(BenchWorld& world, const std::vector<io::Address>& endpoints, base::Duration patience, sim::etcd::History& history);

// When the clients are done: one more operation for each endpoint, a linearizable range over everything, so that what every member
// holds is held against the log. The endpoints that did not answer. unavailable: nobody did within the
// settle timeout.
base::Result<std::vector<std::string>> read_everywhere(BenchWorld& world, const DriveOptions& options, DriveRecorder& recorder);

// Fills log, from first_revision + 1 up to where the store stands now.
base::Status read_log(BenchWorld& world, const std::vector<io::Address>& endpoints, base::Duration patience, sim::etcd::History& history);

}  // namespace lockstep
