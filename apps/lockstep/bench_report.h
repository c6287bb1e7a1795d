// apps/lockstep/bench_report.h: the figures of runs, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "apps/lockstep/bench_options.h"
#include "apps/lockstep/bench_run.h"

namespace lockstep {

// Of one run, or the medians of several. Times in microseconds.
struct Figures {
  double operations_per_second = 0;  // that succeeded
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
  double server_cpu = 0;  // per operation; 0: not measured
  double client_cpu = 0;  // per operation
};
Figures figures_of(const RunResult& result);

double median(std::vector<double> values);  // 0 of none
Figures medians(const std::vector<Figures>& runs);
// Of pairs taken one after the other: the median of ours / theirs, figure by figure. 0 where theirs is 0.
Figures median_ratios(const std::vector<Figures>& ours, const std::vector<Figures>& theirs);

// Of one target: its runs, and everything that was not an answer as wished.
struct TargetReport {
  std::string name;  // program, or address
  std::vector<Figures> runs;
  std::map<std::string, std::uint64_t> errors;
  AnswerCounts answers;
  std::uint64_t operation_count = 0;

  void add(const RunResult& result);
  std::uint64_t error_count() const;
};

// `put, random keys of 8 bytes out of 10000, …`
std::string describe(const BenchOptions& options);
// One line per run.
std::string line_of(const std::string& name, const Figures& figures);
// Medians, ratios, errors; or everything as one JSON object.
std::string text_of(const std::vector<TargetReport>& targets);
std::string json_of(const BenchOptions& options, const std::vector<TargetReport>& targets);

// Memory and so on, with a full key space.
struct Footprint {
  std::string name;
  double start_seconds = 0;    // with no data, until a linearizable read is answered
  double fill_per_second = 0;
  double anonymous_mb = 0;     // after filling
  double disk_mb = 0;
  double restart_seconds = 0;  // with the data
  double restart_cpu_seconds = 0;
  double anonymous_after_restart_mb = 0;
};
std::string text_of(const std::vector<Footprint>& footprints);
std::string json_of(const BenchOptions& options, const std::vector<Footprint>& footprints);

}  // namespace lockstep
