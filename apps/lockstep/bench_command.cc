// lockstep bench: servers, filled and restarted where that is fair, then the runs, then what they say.
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "apps/lockstep/bench_options.h"
#include "apps/lockstep/bench_process.h"
#include "apps/lockstep/bench_report.h"
#include "apps/lockstep/bench_run.h"
#include "apps/lockstep/bench_watch.h"
#include "apps/lockstep/bench_watch_report.h"
#include "apps/lockstep/commands.h"
#include "apps/lockstep/format.h"

namespace lockstep {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartTimeout(120);  // a large store is read first
constexpr unsigned kFillClients = 100;
constexpr unsigned kFillConnections = 10;
// Numbers of operations that no measured run comes to.
constexpr std::uint64_t kWarmUpNumber = std::uint64_t{1} << 62U;
// Numbers of puts of watch have 16 digits, and a round has two runs.
constexpr std::uint64_t kWatchRunNumbers = 1000000000000;
constexpr std::uint64_t kWatchWarmUpNumber = 9000 * kWatchRunNumbers;

double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

// A server under test, and what is sent to it.
class Target {
 public:
  Target(BenchWorld& world, const BenchOptions& options, const TargetOptions& target)
      : world_(world), options_(options), load_(options.load), address_(target.address), pid_(target.pid) {
    if (!target.program.empty()) process_ = std::make_unique<ServerProcess>(target.program);
    report.name = process_ != nullptr ? target.program.substr(target.program.rfind('/') + 1) : to_text(target.address);
  }

  // Starts the server if that is ours to do, and waits until it answers a linearizable read.
  base::Status start() {
    if (process_ != nullptr) {
      if (base::Status started = process_->start(); !started) return started;
      address_ = process_->client_address();
      pid_ = process_->pid();
    }
    LoadOptions probe;
    probe.kind = LoadKind::range;
    Load read(probe);
    const auto begin = Clock::now();
    for (;;) {
      const base::Result<RunResult> answer = run_load(world_, read, {.address = address_, .operations = 1});
      if (answer && answer->error_count() == 0) return {};
      if (world_.is_interrupted()) return base::fail(base::Code::unavailable, "interrupted");
      const std::string why = answer ? answer->errors.begin()->first : answer.error().detail;
      if (process_ == nullptr) return base::fail(base::Code::unavailable, to_text(address_) + " does not serve: " + why);
      if (!process_->is_running()) return base::fail(base::Code::unavailable, report.name + " has ended; its last words:\n" + process_->last_words());
      if (Clock::now() - begin > kStartTimeout) return base::fail(base::Code::unavailable, report.name + " does not serve: " + why);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  // Writes every key.
  base::Result<RunResult> fill() {
    RunPlan plan{.address = address_, .pid = pid_};
    plan.clients = kFillClients;
    plan.connections = kFillConnections;
    plan.operations = options_.load.key_space;
    plan.fill = true;
    base::Result<RunResult> filled = run_load(world_, load_, plan);
    if (filled && filled->error_count() > 0) return base::fail(base::Code::unavailable, report.name + " cannot be filled: " + filled->errors.begin()->first);
    return filled;
  }

  base::Status restart() {
    process_->stop();
    return start();
  }

  base::Status warm_up() {
    if (options_.load.kind == LoadKind::watch) {
      WatchPlan plan = measured_watch(0);
      plan.puts = 100;
      plan.slow_streams = 0;
      plan.behind = 0;
      plan.rate = 0;
      plan.first_number = kWatchWarmUpNumber;
      const base::Result<WatchResult> run = run_watch(world_, plan);
      return run ? base::Status() : base::fail(run.error());
    }
    RunPlan plan = measured(0);
    plan.operations = 20 * std::uint64_t{plan.clients};
    plan.seconds = 0;
    plan.rate = 0;
    plan.first_number = kWarmUpNumber;
    const base::Result<RunResult> run = run_load(world_, load_, plan);
    return run ? base::Status() : base::fail(run.error());
  }

  // The `round`th run, which adds itself to the report.
  base::Status measure(unsigned round) {
    if (options_.load.kind == LoadKind::watch) return measure_watch(round);
    const base::Result<RunResult> run = run_load(world_, load_, measured(round));
    if (!run) return base::fail(run.error());
    report.add(*run);
    return {};
  }

  // Bytes of memory per watcher, of a server that has nothing else.
  base::Result<IdleWatchers> idle_watchers() {
    if (const base::Status started = start(); !started) return base::fail(started.error());
    struct Look final : IdleProbe {
      explicit Look(const ServerProcess& of) : process(of) {}
      void on_before() override { before = process.anonymous_bytes().value_or(0); }
      void on_after() override { after = process.anonymous_bytes().value_or(0); }
      const ServerProcess& process;
      std::uint64_t before = 0;
      std::uint64_t after = 0;
    } look(*process_);
    WatchPlan plan = measured_watch(0);
    plan.puts = 1;
    plan.rate = 0;
    const base::Result<WatchResult> run = run_idle_watch(world_, plan, look);
    if (!run) return base::fail(run.error());
    if (!run->errors.empty()) return base::fail(base::Code::unavailable, report.name + ": " + run->errors.begin()->first);
    process_->stop();
    const double bytes = static_cast<double>(look.after) - static_cast<double>(look.before);
    return IdleWatchers{report.name, megabytes(look.before), megabytes(look.after), bytes / plan.watchers};
  }

  std::string line() const {
    return options_.load.kind == LoadKind::watch ? line_of(watch_report.name, watch_report.runs.back()) : line_of(report.name, report.runs.back());
  }

  // Everything from nothing to a restart with every key.
  base::Result<Footprint> footprint() {
    Footprint out;
    out.name = report.name;
    auto begin = Clock::now();
    if (const base::Status started = start(); !started) return base::fail(started.error());
    out.start_seconds = seconds_since(begin);
    const base::Result<RunResult> filled = fill();
    if (!filled) return base::fail(filled.error());
    out.fill_per_second = static_cast<double>(filled->taken.count()) / filled->seconds;
    std::this_thread::sleep_for(std::chrono::seconds(3));  // what is still being written out comes to rest
    out.anonymous_mb = megabytes(process_->anonymous_bytes().value_or(0));
    out.disk_mb = megabytes(process_->disk_bytes());
    process_->stop();
    begin = Clock::now();
    if (const base::Status started = start(); !started) return base::fail(started.error());
    out.restart_seconds = seconds_since(begin);
    out.restart_cpu_seconds = process_cpu_seconds(pid_).value_or(0);
    out.anonymous_after_restart_mb = megabytes(process_->anonymous_bytes().value_or(0));
    process_->stop();
    return out;
  }

  bool is_started_here() const { return process_ != nullptr; }

  TargetReport report;
  WatchReport watch_report;

 private:
  WatchPlan measured_watch(unsigned round) const {
    const LoadOptions& load = options_.load;
    WatchPlan plan{.address = address_, .pid = pid_};
    plan.watchers = load.watchers;
    plan.streams = load.streams;
    plan.connections = connection_count(load);
    plan.outstanding = load.clients;
    plan.puts = load.operations;
    plan.rate = load.rate;
    plan.until_told = load.until_told;
    plan.slow_streams = load.slow_streams;
    plan.behind = load.behind;
    plan.first_number = 2 * std::uint64_t{round} * kWatchRunNumbers;
    plan.key_bytes = load.key_bytes;
    plan.value_bytes = load.value_bytes;
    plan.key_space = load.key_space;
    return plan;
  }

  // Slow and late watchers are for comparing: a run without them comes before the run with them.
  base::Status measure_watch(unsigned round) {
    watch_report.name = report.name;
    const WatchPlan plan = measured_watch(round);
    WatchPlan without = plan;
    without.slow_streams = 0;
    without.behind = 0;
    without.first_number += kWatchRunNumbers;
    std::optional<WatchResult> usual;
    if (plan.slow_streams > 0 || plan.behind > 0) {
      base::Result<WatchResult> run = run_watch(world_, without);
      if (!run) return base::fail(run.error());
      usual = std::move(*run);
    }
    const base::Result<WatchResult> run = run_watch(world_, plan);
    if (!run) return base::fail(run.error());
    watch_report.add(*run, usual);
    return {};
  }

  RunPlan measured(unsigned round) const {
    RunPlan plan{.address = address_, .pid = pid_};
    plan.clients = options_.load.clients;
    plan.connections = connection_count(options_.load);
    plan.operations = options_.load.seconds > 0 ? 0 : options_.load.operations;
    plan.seconds = options_.load.seconds;
    plan.rate = options_.load.rate;
    // Each round goes on where the one before ended; by time, at a place that none comes to.
    plan.first_number = plan.operations > 0 ? round * plan.operations : std::uint64_t{round} << 40U;
    return plan;
  }

  BenchWorld& world_;
  const BenchOptions& options_;
  Load load_;
  std::unique_ptr<ServerProcess> process_;  // null: it runs already
  io::Address address_;
  int pid_;
};

using Targets = std::vector<std::unique_ptr<Target>>;

// Started, filled, and in the state in which it may be measured.
base::Status prepare(Target& target, const BenchOptions& options) {
  if (base::Status started = target.start(); !started) return started;
  const bool reads = options.load.kind != LoadKind::put && options.load.kind != LoadKind::watch;
  if (options.fill || (reads && target.is_started_here())) {
    if (const base::Result<RunResult> filled = target.fill(); !filled) return base::fail(filled.error());
    // etcd reads slowly after a burst of writes, until it is restarted: comparing with that would flatter whoever is compared.
    if (reads && target.is_started_here()) {
      if (base::Status restarted = target.restart(); !restarted) return restarted;
    }
  }
  return target.warm_up();
}

base::Status measure_all(const BenchOptions& options, Targets& targets) {
  for (const auto& target : targets) {
    if (base::Status ready = prepare(*target, options); !ready) return ready;
  }
  for (unsigned round = 0; round < options.pairs; ++round) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      // Who goes first changes: a machine that grows slower must not favour one of them.
      Target& target = *targets[round % 2 == 0 ? i : targets.size() - 1 - i];
      if (base::Status measured = target.measure(round); !measured) return measured;
      if (!options.json) std::printf("%s", target.line().c_str());
      std::fflush(stdout);
    }
  }
  return {};
}

int refused(const base::Error& error) {
  std::fprintf(stderr, "lockstep: %s\n", error.detail.c_str());
  return error.code == base::Code::not_found ? 2 : 1;
}

int run_footprints(const BenchOptions& options, Targets& targets) {
  std::vector<Footprint> footprints;
  for (const auto& target : targets) {
    base::Result<Footprint> footprint = target->footprint();
    if (!footprint) return refused(footprint.error());
    footprints.push_back(std::move(*footprint));
  }
  std::printf("%s", (options.json ? json_of(options, footprints) : text_of(footprints)).c_str());
  return 0;
}

int run_idle(const BenchOptions& options, Targets& targets) {
  std::vector<IdleWatchers> found;
  for (const auto& target : targets) {
    base::Result<IdleWatchers> idle = target->idle_watchers();
    if (!idle) return refused(idle.error());
    found.push_back(std::move(*idle));
  }
  std::printf("%s", (options.json ? json_of(options, found) : text_of(found)).c_str());
  return 0;
}

int run_watch_rounds(const BenchOptions& options, Targets& targets) {
  if (const base::Status done = measure_all(options, targets); !done) return refused(done.error());
  std::vector<WatchReport> reports;
  std::uint64_t error_count = 0;
  for (const auto& target : targets) {
    error_count += target->watch_report.error_count();
    reports.push_back(target->watch_report);
  }
  std::printf("%s", (options.json ? json_of(options, reports) : text_of(reports)).c_str());
  return error_count == 0 ? 0 : 1;
}

int run_rounds(const BenchOptions& options, Targets& targets) {
  if (const base::Status done = measure_all(options, targets); !done) return refused(done.error());
  std::vector<TargetReport> reports;
  std::uint64_t error_count = 0;
  for (const auto& target : targets) {
    error_count += target->report.error_count();
    reports.push_back(target->report);
  }
  std::printf("%s", (options.json ? json_of(options, reports) : text_of(reports)).c_str());
  return error_count == 0 ? 0 : 1;
}

}  // namespace

int run_bench(const std::vector<std::string>& arguments) {
  const base::Result<BenchOptions> options = parse_bench_options(arguments);
  if (!options) {
    std::fprintf(stderr, "lockstep: %s (see `lockstep bench --help`)\n", options.error().detail.c_str());
    return 2;
  }
  if (options->help) {
    std::printf("%s", bench_usage().c_str());
    return 0;
  }
  BenchWorld world;
  Targets targets;
  for (const TargetOptions& target : options->targets) targets.push_back(std::make_unique<Target>(world, *options, target));
  // Two builds of one server are told apart by their paths.
  if (targets.size() == 2 && targets[0]->report.name == targets[1]->report.name && targets[0]->is_started_here()) {
    for (std::size_t i = 0; i < 2; ++i) targets[i]->report.name = options->targets[i].program;
  }
  if (!options->json) std::printf("%s\n", describe(*options).c_str());
  std::fflush(stdout);
  if (options->load.kind == LoadKind::footprint) return run_footprints(*options, targets);
  if (options->load.idle) return run_idle(*options, targets);
  return options->load.kind == LoadKind::watch ? run_watch_rounds(*options, targets) : run_rounds(*options, targets);
}

}  // namespace lockstep
