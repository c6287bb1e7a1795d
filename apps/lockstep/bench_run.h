// apps/lockstep/bench_run.h: one load against one server, once.
//
// Closed loop: each client sends its next operation when it has the answer to the one before. With a rate: operation N is due
// at N / rate whatever the server does, waits for a free client if there is none, and its latency counts from when it was due;
// so a server that stalls cannot hide the operations that would have met the stall (coordinated omission).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "apps/lockstep/bench_load.h"
#include "apps/lockstep/histogram.h"
#include "core/base/result.h"
#include "io/network.h"
#include "io/real/signals.h"
#include "io/real/world.h"

namespace lockstep {

// Where all runs of a benchmark happen. From its construction on a signal does not end the process: whoever is at work stops, and
// what was started is cleared away.
class BenchWorld final : private io::real::SignalHandler {
 public:
  BenchWorld() : real_(none_, {.level = io::Level::error}), signals_(real_.loop(), *this) {}
  io::real::RealWorld& real() { return real_; }
  bool is_interrupted() const { return is_interrupted_; }
  // The next signal counts again: an operator may lose patience with what follows the first one.
  void forget_interrupt() { is_interrupted_ = false; }

 private:
  void on_stop_signal(int) override { is_interrupted_ = true; }

  const io::real::DataDirectory none_ = io::real::DataDirectory::none();
  io::real::RealWorld real_;
  io::real::StopSignals signals_;
  bool is_interrupted_ = false;
};

struct RunPlan {
  io::Address address;
  int pid = 0;  // whose CPU is measured; 0: nobody's
  unsigned clients = 1;
  unsigned connections = 1;
  std::uint64_t operations = 0;    // 0: until the time is over
  double seconds = 0;              // 0: until the operations are done
  double rate = 0;                 // 0: closed loop
  std::uint64_t first_number = 0;  // of the load's operations
  bool fill = false;               // each key once, instead of the load's operations
};

struct RunResult {
  Histogram taken;  // of operations that succeeded
  std::map<std::string, std::uint64_t> errors;  // `CODE: message` of those that did not
  AnswerCounts answers;
  double seconds = 0;  // from the first start to the last answer
  double client_cpu_seconds = 0;
  double server_cpu_seconds = 0;  // 0 without a pid

  std::uint64_t operation_count() const { return taken.count() + error_count(); }
  std::uint64_t error_count() const;
};

// Errors, after which the figures would mean nothing: a server that cannot be reached or goes away, that answers nothing for half
// a minute, or an operator who interrupts (`unavailable`).
base::Result<RunResult> run_load(BenchWorld& world, Load& load, const RunPlan& plan);

}  // namespace lockstep
