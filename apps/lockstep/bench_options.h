// apps/lockstep/bench_options.h: the command line of `lockstep bench`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/network.h"

namespace lockstep {

enum class LoadKind : std::uint8_t {
  put,
  range,      // of one key
  txn,        // if the key is as this client last saw it then put, else get: an update as Kubernetes makes it
  mixed,      // ranges and puts
  watch,      // puts below a prefix that many watch
  footprint,  // not a load over time: memory, disk and restart with a full key space
};
std::string_view to_text(LoadKind kind);

// What is sent. The same numbers, the same requests: the targets of a pair see the same load.
struct LoadOptions {
  LoadKind kind = LoadKind::put;
  unsigned clients = 1;      // operations in flight
  unsigned connections = 0;  // 0: one for every ten clients
  std::uint64_t operations = 10000;
  double seconds = 0;        // other than 0: by time instead of by number
  double rate = 0;           // operations per second by plan; 0: each client as soon as it has its answer
  std::size_t key_bytes = 8;
  std::size_t value_bytes = 256;
  std::uint64_t key_space = 10000;
  bool sequential = false;
  bool serializable = false;
  unsigned read_percent = 80;  // of mixed
  // Of watch, where `clients` is how many puts are outstanding.
  unsigned watchers = 100;
  unsigned streams = 10;       // that the watchers share
  unsigned slow_streams = 0;   // besides them, of streams whose client reads nothing
  std::uint64_t behind = 0;    // where a late watcher begins, in puts before the run; 0: there is none
  bool until_told = false;     // a client goes on when every watcher has been told, not when it has its answer
  bool idle = false;           // memory of the watchers instead of a load
  std::uint64_t seed = 1;
};

// A server under test: one that runs, or a program that is started for it.
struct TargetOptions {
  io::Address address;  // of one that runs
  std::string program;  // or empty
  int pid = 0;          // of one that runs: whose CPU is measured; 0: nobody's
};

struct BenchOptions {
  LoadOptions load;
  std::vector<TargetOptions> targets;  // one, or two that alternate
  unsigned pairs = 1;                  // how often each is measured
  bool fill = false;                   // write every key first, also to a server that runs already
  bool json = false;
  bool help = false;                   // nothing else is set
};

// Where somebody can be reached: HOST:PORT, an IPv6 literal in brackets.
std::optional<io::Address> parse_address(std::string_view text);

std::string bench_usage();
// `arguments` follow the word `bench`. invalid: with one line that says what is wrong.
base::Result<BenchOptions> parse_bench_options(const std::vector<std::string>& arguments);

// Of watch: of the streams; the puts have one of their own.
unsigned connection_count(const LoadOptions& load);

}  // namespace lockstep
