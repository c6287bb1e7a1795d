// io/sim/world.h: everything outside that one process can reach, from its start to its crash.
#pragma once

#include "io/sim/clock.h"
#include "io/sim/disk.h"
#include "io/sim/fabric.h"
#include "io/sim/loop.h"
#include "io/sim/network.h"
#include "io/sim/observer.h"
#include "io/sim/random.h"
#include "io/sim/workers.h"
#include "io/world.h"

namespace io::sim {

class World final {
 public:
  World(Host& host, Fabric& fabric, Volume& volume, const DiskFaults& faults, Observation& observation,
        base::Duration wall_skew, std::int32_t drift_ppm);
  ~World();  // requires: everything made by it is gone

  const io::World& devices() const { return devices_; }
  Life& life() { return life_; }
  Clock& clock() { return clock_; }
  const Workers& workers() const { return workers_; }

  // From now on every call fails and has no effect, and nothing is called any more.
  void die();

 private:
  Host& host_;
  Life life_;
  Clock clock_;
  Loop loop_;
  Disk disk_;
  Network network_;
  Random random_;
  Workers workers_;
  Observer observer_;
  io::World devices_;
};

}  // namespace io::sim
