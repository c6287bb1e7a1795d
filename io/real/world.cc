#include "io/real/world.h"

#include <utility>

#include "io/real/signals.h"

namespace io::real {

RealWorld::RealWorld(const DataDirectory& directory, ObserverOptions options)
    : loop_(clock_),
      disk_(loop_, directory),
      network_(loop_, clock_),
      workers_(loop_),
      observer_(clock_, std::move(options)),
      world_{clock_, loop_, disk_, network_, random_, workers_, observer_} {
  ignore_io_signals();
}

void RealWorld::run() {
  constexpr base::Duration kForEver{-1};
  while (!stopping_) loop_.run_turn(kForEver);
}

void RealWorld::abandon() {
  disk_.abandon();
  workers_.abandon();
}

}  // namespace io::real
