#include "io/sim/world.h"

#include "core/base/assert.h"

namespace io::sim {

World::World(Host& host, Fabric& fabric, Volume& volume, const DiskFaults& faults, Observation& observation,
             base::Duration wall_skew, std::int32_t drift_ppm)
    : host_(host),
      life_(host),
      clock_(life_, wall_skew, drift_ppm),
      loop_(life_),
      disk_(life_, volume, faults),
      network_(life_, fabric),
      random_(life_),
      workers_(life_),
      observer_(life_, observation),
      devices_{clock_, loop_, disk_, network_, random_, workers_, observer_} {
  host.set_turn_end(&loop_);
}

World::~World() {
  ASSERT(life_.handles == 0);  // a file, stream, listener or queue outlived its world
  if (!life_.is_dead) die();
}

void World::die() {
  life_.is_dead = true;
  host_.drop_events();
  host_.set_turn_end(nullptr);
}

}  // namespace io::sim
