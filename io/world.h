// io/world.h: everything outside that one member can reach.
//
// The code between the wire and the disk is compiled once; only main() and the simulator choose a world.
#pragma once

#include "io/clock.h"
#include "io/disk.h"
#include "io/loop.h"
#include "io/network.h"
#include "io/observer.h"
#include "io/random.h"
#include "io/workers.h"

namespace io {

// All of them outlive the member.
struct World {
  Clock& clock;
  Loop& loop;
  Disk& disk;
  Network& network;
  Random& random;
  Workers& workers;
  Observer& observer;
};

}  // namespace io
