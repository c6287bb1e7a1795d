// The commands `replay` and `shrink`: one trace again, and a smaller one that fails alike.
#include <cstdio>

#include "apps/runs/commands.h"
#include "apps/runs/isolated_run.h"
#include "sim/shrink.h"

namespace runs {

namespace {

void print_verdict(const char* who, const sim::Verdict& verdict) {
  std::printf("%s: %s%s%s%s%s\n", who, std::string(sim::to_text(verdict.kind)).c_str(), verdict.oracle.empty() ? "" : " (",
              verdict.oracle.c_str(), verdict.oracle.empty() ? "" : "): ", verdict.message.c_str());
}

class IsolatedRunner final : public sim::PlanRunner {
 public:
  explicit IsolatedRunner(const sim::Scenario& scenario) : scenario_(scenario) {}
  Result run(const sim::Plan& plan, base::Duration until) override {
    const RunReport report = run_isolated(scenario_, plan, Hits::dropped, until);
    return {report.outcome.verdict, report.outcome.simulated};
  }
  // A run that ends its process tells nothing.
  std::vector<std::uint64_t> hits(const sim::Plan& plan) override { return run_isolated(scenario_, plan, Hits::kept).hits; }

 private:
  const sim::Scenario& scenario_;
};

class Progress final : public sim::ShrinkProgress {
 public:
  void on_progress(const sim::Plan& smallest, std::uint64_t runs) override {
    if (runs % 50 != 0) return;
    std::fprintf(stderr, "%llu runs: %u machines, %zu operations, %zu faults, %zu rates, %zu single faults\n", static_cast<unsigned long long>(runs),
                 machines_of(smallest), smallest.operations.size(), smallest.actions.size(), smallest.rates.size(), smallest.pins.size());
  }
};

}  // namespace

int run_replay(const Program& program, const Arguments& arguments) {
  const base::Result<sim::Trace> trace = read_trace(arguments.file);
  if (!trace) return refuse(program, trace.error());
  const sim::Scenario& scenario = scenario_named(program, trace->plan.scenario);
  warm_up(scenario);
  if (arguments.until_turn > 0) return run_until(program, arguments, *trace);
  RunReport report;
  if (arguments.log) {
    // In this process, so that the lines are there even when the run is long.
    sim::RunOptions options;
    options.keep_log = true;
    sim::Recording recording;
    const base::Result<sim::Outcome> outcome = sim::run(scenario, trace->plan, options, &recording);
    if (!outcome) return refuse(program, outcome.error());
    for (const std::string& line : recording.log) std::printf("%s\n", line.c_str());
    report.seed = trace->plan.seed;
    report.outcome = *outcome;
  } else {
    report = run_isolated(scenario, trace->plan);
  }
  if (arguments.json) {
    std::printf("%s", to_json_line(report).c_str());
  } else {
    print_verdict("recorded", trace->verdict);
    print_verdict("replayed", report.outcome.verdict);
    const bool is_same = report.outcome.digest == trace->digest;
    std::printf("digest %s: %s\n", base::to_text(report.outcome.digest).c_str(),
                is_same ? "the recorded run, bit for bit" : "another run than the recorded one (another build?)");
  }
  return report.outcome.verdict.is_failure() ? 1 : 0;
}

int run_shrink(const Program& program, const Arguments& arguments) {
  const base::Result<sim::Trace> trace = read_trace(arguments.file);
  if (!trace) return refuse(program, trace.error());
  const sim::Scenario& scenario = scenario_named(program, trace->plan.scenario);
  warm_up(scenario);
  const RunReport before = run_isolated(scenario, trace->plan);
  if (!before.outcome.verdict.is_failure()) {
    return refuse(program, {base::Code::invalid, arguments.file + ": this run does not fail in this build, so there is nothing to shrink"});
  }
  IsolatedRunner runner(scenario);
  Progress progress;
  const sim::Shrunk shrunk = sim::shrink(trace->plan, before.outcome.verdict, arguments.runs_max, runner, &progress);
  const RunReport after = run_isolated(scenario, shrunk.plan);
  const sim::Trace smaller{shrunk.plan, after.outcome.verdict, after.outcome.digest, program.build};
  if (const base::Status written = write_file(arguments.output, sim::encode(smaller)); !written) return refuse(program, written.error());
  std::printf("%u -> %u machines, %zu -> %zu operations, %zu -> %zu scheduled faults, %zu -> %zu fault rates, %zu single faults by chance, "
              "%.1f -> %.1f simulated seconds, in %llu runs and %.1f CPU-s\n",
              machines_of(trace->plan), machines_of(shrunk.plan), trace->plan.operations.size(), shrunk.plan.operations.size(),
              trace->plan.actions.size(), shrunk.plan.actions.size(), trace->plan.rates.size(), shrunk.plan.rates.size(),
              shrunk.plan.pins.size(), static_cast<double>(trace->plan.duration.count()) / 1e9,
              static_cast<double>(shrunk.plan.duration.count()) / 1e9, static_cast<unsigned long long>(shrunk.runs), cpu_seconds_spent());
  print_verdict("smaller", smaller.verdict);
  std::printf("again: %s replay %s\n", program.name.c_str(), arguments.output.c_str());
  return 0;
}

}  // namespace runs
