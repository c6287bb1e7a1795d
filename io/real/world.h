// io/real/world.h: this machine, as a member's world.
//
//   base::Result<DataDirectory> directory = DataDirectory::open(path);
//   RealWorld real(*directory, {});
//   Server server(real.world(), …);
//   StopSignals signals(real.loop(), handler);  // whose on_stop_signal() ends in real.stop()
//   real.run();
//   real.abandon();  // only then may things with requests in flight be destroyed
#pragma once

#include "io/real/clock.h"
#include "io/real/data_directory.h"
#include "io/real/disk.h"
#include "io/real/loop.h"
#include "io/real/network.h"
#include "io/real/observer.h"
#include "io/real/random.h"
#include "io/real/workers.h"
#include "io/world.h"

namespace io::real {

class RealWorld {
 public:
  // `directory` outlives the world. From here on SIGPIPE and SIGXFSZ are ignored in this process.
  RealWorld(const DataDirectory& directory, ObserverOptions options);
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;

  io::World& world() { return world_; }
  RealLoop& loop() { return loop_; }  // for StopSignals
  RealObserver& observer() { return observer_; }

  // Turn after turn, until stop(), which lets the running turn end.
  void run();
  void stop() { stopping_ = true; }
  // One turn; waits for an input at most `wait_max`. For tests and tools that have a loop of their own.
  void run_turn(base::Duration wait_max) { loop_.run_turn(wait_max); }

  // Log files and jobs go dead: waits for what the helper threads are doing at this moment, drops the rest, and no
  // completion of theirs is called any more. After it a member may be destroyed whatever it has in flight.
  void abandon();

 private:
  RealClock clock_;
  RealLoop loop_;
  RealDisk disk_;
  RealNetwork network_;
  RealRandom random_;
  RealWorkers workers_;
  RealObserver observer_;
  io::World world_;
  bool stopping_ = false;
};

}  // namespace io::real
