// apps/runs/isolated_run.h: runs in processes of their own.
//
// SQLite's generator is process-global, so parallel runs are processes, never threads; and an assertion in
// the code under test ends its own process, not the tool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/run.h"

namespace runs {

// What the tool needs to know of a run; travels between processes as one line of JSON.
struct RunReport {
  std::uint64_t seed = 0;
  sim::Outcome outcome;
  std::string second_digest;  // when asked to run twice: differs from outcome.digest in a broken build
  double cpu_seconds = 0;
  std::vector<std::uint64_t> hits = {};  // when asked for: what happened by chance (sim::Recording)
};

std::string to_json_line(const RunReport& report);
RunReport from_json_line(const std::string& line);

// The first run in a process initialises libraries that read the clock or a file once; this gets it over with.
void warm_up(const sim::Scenario& scenario);

// In this process, between the preload library's marks when it is there.
RunReport run_here(const sim::Scenario& scenario, const sim::Plan& plan, bool twice);
// In a child. A child that died makes a report with the verdict `crash`. A run that comes to `until` ends there, unjudged; 0: at its end.
enum class Hits : bool { dropped, kept };
RunReport run_isolated(const sim::Scenario& scenario, const sim::Plan& plan, Hits hits = Hits::dropped, base::Duration until = {});
// Of this process and the children that it has waited for.
double cpu_seconds_spent();

class ReportListener {
 public:
  virtual bool on_report(const RunReport& report) = 0;  // false: enough

 protected:
  ~ReportListener() = default;
};

struct BatchOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1;  // inclusive
  unsigned jobs = 1;
  bool twice = false;
  double seconds_max = 0;  // of wall time; 0: no limit
};

// Every seed of the range over `jobs` processes; reports come in no particular order.
void run_batch(const sim::Scenario& scenario, const BatchOptions& options, ReportListener& listener);

}  // namespace runs
