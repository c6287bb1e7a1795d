// apps/lockstep/bench_watch.h: watch fan-out against one server, once.
//
// Watchers of one prefix, spread over streams and connections, and puts below it from a connection of their own. A run is over when
// everybody has been told everything, which bench_watch_ledger.h checks. Slow watchers and the late one have connections of their own as
// well, so what they do not read fills nobody else's window.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "apps/lockstep/bench_options.h"
#include "apps/lockstep/bench_run.h"
#include "apps/lockstep/histogram.h"

namespace lockstep {

struct WatchPlan {
  io::Address address;
  int pid = 0;
  unsigned watchers = 1;
  unsigned streams = 1;
  unsigned connections = 1;
  unsigned outstanding = 1;  // puts
  std::uint64_t puts = 0;
  double rate = 0;           // puts per second by plan; 0: closed loop
  bool until_told = false;   // a put is over when every live watcher has been told of it, not when it is answered
  unsigned slow_streams = 0; // of as many watchers as the others have
  std::uint64_t behind = 0;  // how many puts ago the late watcher begins; 0: there is none
  std::uint64_t first_number = 0;
  base::Duration stall_timeout = std::chrono::seconds(30);  // without a word of the server
  std::size_t key_bytes = 8;
  std::size_t value_bytes = 256;
  std::uint64_t key_space = 10000;
};

struct WatchResult {
  Histogram told;      // from a put being sent until an event of it is received, of live watchers
  Histogram answered;  // from a put being sent, or due, until its answer
  std::map<std::string, std::uint64_t> errors;
  std::uint64_t deliveries = 0;  // to live watchers
  std::uint64_t messages = 0;    // that these came in
  std::uint64_t puts = 0;        // that succeeded
  double seconds = 0;            // from the first put until all live watchers were told of the last
  double client_cpu_seconds = 0;
  double server_cpu_seconds = 0;  // 0 without a pid
  double catch_up_seconds = 0;    // of the late watcher, until it had been told of everything before its creation
};

// Errors as of run_load(); but a server that owes nothing except events has its run ended, and they are counted as missing.
base::Result<WatchResult> run_watch(BenchWorld& world, const WatchPlan& plan);

// Memory of watchers that have nothing to be told.
class IdleProbe {
 public:
  // Called when the connections stand, and when the watchers do; the server is quiet.
  virtual void on_before() = 0;
  virtual void on_after() = 0;

 protected:
  ~IdleProbe() = default;
};
// Creates the watchers, and lets `probe` look; then one put is told to all of them, so that they were there.
base::Result<WatchResult> run_idle_watch(BenchWorld& world, const WatchPlan& plan, IdleProbe& probe);

}  // namespace lockstep
