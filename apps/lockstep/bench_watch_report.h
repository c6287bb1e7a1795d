// apps/lockstep/bench_watch_report.h: the figures of watch fan-out, as text and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lockstep/bench_options.h"
#include "apps/lockstep/bench_watch.h"

namespace lockstep {

// Of one run, or the medians of several. Times in microseconds unless they say otherwise; 0: not measured.
struct WatchFigures {
  double deliveries_per_second = 0;  // to live watchers
  double events_per_message = 0;
  double told_p50 = 0;  // from a put being sent to an event of it being received
  double told_p99 = 0;
  double put_p50 = 0;
  double put_p99 = 0;
  double server_cpu = 0;  // per delivery
  double server_cpu_per_put = 0;
  double client_cpu = 0;  // per delivery
  double catch_up_seconds = 0;
  double told_p99_usual = 0;  // of the run without slow and late watchers
  double put_p99_usual = 0;
};
WatchFigures figures_of(const WatchResult& result, const std::optional<WatchResult>& usual);

WatchFigures medians(const std::vector<WatchFigures>& runs);
// As of the other loads: the median over the pairs, figure by figure. 0 where theirs is 0.
WatchFigures median_ratios(const std::vector<WatchFigures>& ours, const std::vector<WatchFigures>& theirs);

struct WatchReport {
  std::string name;  // program, or address
  std::vector<WatchFigures> runs;
  std::map<std::string, std::uint64_t> errors;

  void add(const WatchResult& result, const std::optional<WatchResult>& usual);
  std::uint64_t error_count() const;
};

// `, 100 watchers on 10 streams on 1 connection, …`
std::string describe_watch(const LoadOptions& load);
std::string line_of(const std::string& name, const WatchFigures& figures);
std::string text_of(const std::vector<WatchReport>& targets);
std::string json_of(const BenchOptions& options, const std::vector<WatchReport>& targets);

struct IdleWatchers {
  std::string name;
  double before_mb = 0;  // anonymous memory with the connections, without streams
  double after_mb = 0;   // with the watchers
  double bytes_per_watcher = 0;
};
std::string text_of(const std::vector<IdleWatchers>& targets);
std::string json_of(const BenchOptions& options, const std::vector<IdleWatchers>& targets);

}  // namespace lockstep
