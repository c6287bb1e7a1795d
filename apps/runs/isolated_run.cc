#include "apps/runs/isolated_run.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/runs/stderr_tap.h"
#include "core/base/assert.h"
#include "core/base/mark.h"

extern "C" void lockstep_preload_begin() __attribute__((weak));  // null without the library
extern "C" void lockstep_preload_end() __attribute__((weak));

namespace runs {

namespace {

using Json = nlohmann::ordered_json;

double cpu_seconds_of(int whose) {
  rusage usage{};
  getrusage(whose, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

base::Hash128 parse_hash(const std::string& text) {
  return {std::strtoull(text.substr(0, 16).c_str(), nullptr, 16), std::strtoull(text.substr(16).c_str(), nullptr, 16)};
}

RunReport crash_report(std::uint64_t seed, int status, std::string_view said) {
  RunReport report;
  report.seed = seed;
  report.outcome.verdict.kind = sim::VerdictKind::crash;
  report.outcome.verdict.oracle = "process";
  report.outcome.verdict.message = crash_text(status, said);
  return report;
}

void write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = write(fd, text.data() + done, text.size() - done);
    if (count < 0) _exit(3);  // the parent is gone
    done += static_cast<std::size_t>(count);
  }
}

// A child that reports seeds first, first + step, … as lines.
struct Worker {
  pid_t pid = -1;
  int fd = -1;
  std::uint64_t next_seed = 0;  // not yet reported
  std::string buffered;
  StderrTap said;
};

}  // namespace

std::string to_json_line(const RunReport& report) {
  const sim::Outcome& outcome = report.outcome;
  Json json;
  json["seed"] = report.seed;
  json["verdict"] = sim::to_text(outcome.verdict.kind);
  json["oracle"] = outcome.verdict.oracle;
  json["message"] = outcome.verdict.message;
  json["digest"] = base::to_text(outcome.digest);
  if (!report.second_digest.empty()) json["second_digest"] = report.second_digest;
  if (!report.hits.empty()) json["hits"] = report.hits;
  json["turns"] = outcome.turns;
  json["simulated_seconds"] = static_cast<double>(outcome.simulated.count()) / 1e9;
  json["cpu_seconds"] = report.cpu_seconds;
  json["crashes"] = {{"total", outcome.crashes.total},
                     {"with_sync_in_flight", outcome.crashes.with_sync_in_flight},
                     {"in_store_job", outcome.crashes.in_store_job},
                     {"in_recovery", outcome.crashes.in_recovery}};
  json["is_beyond"] = outcome.is_beyond;
  json["losses"] = outcome.losses;
  json["gone"] = outcome.gone;
  json["reached_after_ns"] = Json::object();
  for (const auto& one : outcome.reached_after) json["reached_after_ns"][one.first] = one.second.count();
  json["commits_proven"] = outcome.commits_proven;
  json["counts"] = outcome.counts;
  json["faults"] = Json::object();
  for (std::size_t kind = 0; kind < io::sim::kFaultKindCount; ++kind) {
    const auto fault = static_cast<io::sim::FaultKind>(kind);
    json["faults"][std::string(io::sim::to_text(fault))] = outcome.faults[fault];
  }
  json["marks"] = Json::object();  // those that were reached
  for (std::size_t i = 0; i < base::kMarkCount; ++i) {
    const auto mark = static_cast<base::Mark>(i);
    if (outcome.marks[mark] > 0) json["marks"][std::string(base::to_text(mark))] = outcome.marks[mark];
  }
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

RunReport from_json_line(const std::string& line) {
  const Json json = Json::parse(line);
  RunReport report;
  report.seed = json["seed"];
  sim::Outcome& outcome = report.outcome;
  const std::string verdict = json["verdict"];
  for (const sim::VerdictKind kind : {sim::VerdictKind::pass, sim::VerdictKind::safety, sim::VerdictKind::liveness,
                                      sim::VerdictKind::crash, sim::VerdictKind::refused}) {
    if (sim::to_text(kind) == verdict) outcome.verdict.kind = kind;
  }
  outcome.verdict.oracle = json["oracle"];
  outcome.verdict.message = json["message"];
  outcome.digest = parse_hash(json["digest"]);
  if (json.contains("second_digest")) report.second_digest = json["second_digest"];
  if (json.contains("hits")) report.hits = json["hits"].get<std::vector<std::uint64_t>>();
  outcome.turns = json["turns"];
  outcome.simulated = base::Duration(static_cast<std::int64_t>(json["simulated_seconds"].get<double>() * 1e9));
  report.cpu_seconds = json["cpu_seconds"];
  const Json& crashes = json["crashes"];
  outcome.crashes = {crashes["total"], crashes["with_sync_in_flight"], crashes["in_store_job"], crashes["in_recovery"]};
  outcome.is_beyond = json["is_beyond"];
  outcome.losses = json["losses"].get<std::map<std::string, std::uint64_t>>();
  outcome.gone = json["gone"];
  for (const auto& one : json["reached_after_ns"].items()) outcome.reached_after[one.key()] = base::Duration(one.value().get<std::int64_t>());
  outcome.commits_proven = json["commits_proven"];
  outcome.counts = json["counts"].get<std::map<std::string, std::uint64_t>>();
  for (std::size_t kind = 0; kind < io::sim::kFaultKindCount; ++kind) {
    const auto fault = static_cast<io::sim::FaultKind>(kind);
    outcome.faults.count(fault, json["faults"][std::string(io::sim::to_text(fault))]);
  }
  for (std::size_t i = 0; i < base::kMarkCount; ++i) {
    const auto mark = static_cast<base::Mark>(i);
    outcome.marks.add(mark, json["marks"].value(std::string(base::to_text(mark)), std::uint64_t{0}));
  }
  return report;
}

void warm_up(const sim::Scenario& scenario) {
  sim::Plan plan = scenario.draw_plan(0);
  plan.faults_until = std::chrono::milliseconds(200);
  plan.duration = std::chrono::milliseconds(300);
  plan.actions.clear();
  plan.rates.clear();
  static_cast<void>(sim::run(scenario, plan));
}

namespace {

sim::Outcome run_once(const sim::Scenario& scenario, const sim::Plan& plan, const sim::RunOptions& options, sim::Recording* recording) {
  if (lockstep_preload_begin != nullptr) lockstep_preload_begin();
  base::Result<sim::Outcome> outcome = sim::run(scenario, plan, options, recording);
  if (lockstep_preload_end != nullptr) lockstep_preload_end();
  if (!outcome) {
    std::fprintf(stderr, "the plan cannot be run: %s\n", outcome.error().detail.c_str());
    std::exit(2);
  }
  return std::move(*outcome);
}

}  // namespace

RunReport run_here(const sim::Scenario& scenario, const sim::Plan& plan, bool twice) {
  RunReport report;
  report.seed = plan.seed;
  const double begin = cpu_seconds_of(RUSAGE_SELF);
  report.outcome = run_once(scenario, plan, {}, nullptr);
  report.cpu_seconds = cpu_seconds_of(RUSAGE_SELF) - begin;
  if (twice) report.second_digest = base::to_text(run_once(scenario, plan, {}, nullptr).digest);
  return report;
}

namespace {

RunReport run_with(const sim::Scenario& scenario, const sim::Plan& plan, Hits hits, base::Duration until) {
  sim::RunOptions options;
  options.keep_hits = hits == Hits::kept;
  options.until = until;
  sim::Recording recording;
  RunReport report;
  report.seed = plan.seed;
  report.outcome = run_once(scenario, plan, options, &recording);
  report.hits = std::move(recording.hits);
  return report;
}

}  // namespace

double cpu_seconds_spent() { return cpu_seconds_of(RUSAGE_SELF) + cpu_seconds_of(RUSAGE_CHILDREN); }

RunReport run_isolated(const sim::Scenario& scenario, const sim::Plan& plan, Hits hits, base::Duration until) {
  int pipe_fds[2];
  if (pipe(pipe_fds) != 0) std::exit(3);
  StderrTap said;
  said.open();
  const pid_t pid = fork();
  if (pid < 0) std::exit(3);
  if (pid == 0) {
    close(pipe_fds[0]);
    said.in_child();
    write_all(pipe_fds[1], to_json_line(run_with(scenario, plan, hits, until)));
    _exit(0);
  }
  close(pipe_fds[1]);
  said.in_parent();
  std::string line;
  for (bool has_more = true; has_more || said.fd() >= 0;) {
    pollfd polled[] = {{has_more ? pipe_fds[0] : -1, POLLIN, 0}, {said.fd(), POLLIN, 0}};
    poll(polled, 2, -1);
    if (polled[1].revents != 0) said.read();
    if (polled[0].revents == 0) continue;
    char buffer[65536];
    const ssize_t count = read(pipe_fds[0], buffer, sizeof buffer);
    has_more = count > 0;
    if (has_more) line.append(buffer, static_cast<std::size_t>(count));
  }
  close(pipe_fds[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return from_json_line(line);
  return crash_report(plan.seed, status, said.text());
}

void run_batch(const sim::Scenario& scenario, const BatchOptions& options, ReportListener& listener) {
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t step = options.jobs;
  std::vector<std::unique_ptr<Worker>> workers;
  const auto start = [&](std::unique_ptr<Worker>& place, std::uint64_t first) {
    place = std::make_unique<Worker>();
    Worker& worker = *place;
    worker.next_seed = first;
    if (first > options.last_seed) return;
    int pipe_fds[2];
    if (pipe(pipe_fds) != 0) std::exit(3);
    worker.said.open();
    worker.pid = fork();
    if (worker.pid < 0) std::exit(3);
    if (worker.pid == 0) {
      close(pipe_fds[0]);
      for (const std::unique_ptr<Worker>& other : workers) {
        if (other == nullptr || other.get() == &worker) continue;
        if (other->fd >= 0) close(other->fd);
        other->said.close_reader();
      }
      worker.said.in_child();
      for (std::uint64_t seed = first; seed <= options.last_seed; seed += step) {
        write_all(pipe_fds[1], to_json_line(run_here(scenario, scenario.draw_plan(seed), options.twice)));
      }
      _exit(0);
    }
    close(pipe_fds[1]);
    worker.said.in_parent();
    worker.fd = pipe_fds[0];
  };
  workers.resize(options.jobs);
  for (unsigned job = 0; job < options.jobs; ++job) start(workers[job], options.first_seed + job);

  bool is_enough = false;
  while (!is_enough) {
    std::vector<pollfd> polled;
    for (const std::unique_ptr<Worker>& worker : workers) {
      if (worker->fd < 0) continue;
      polled.push_back({worker->fd, POLLIN, 0});
      polled.push_back({worker->said.fd(), POLLIN, 0});
    }
    if (polled.empty()) break;
    poll(polled.data(), polled.size(), 1000);
    for (std::unique_ptr<Worker>& place : workers) {
      Worker& worker = *place;
      const auto is_ready = [&](int fd) {
        return fd >= 0 && std::any_of(polled.begin(), polled.end(), [fd](const pollfd& p) { return p.fd == fd && p.revents != 0; });
      };
      if (is_ready(worker.said.fd())) worker.said.read();
      if (!is_ready(worker.fd)) continue;
      char buffer[65536];
      const ssize_t count = read(worker.fd, buffer, sizeof buffer);
      if (count > 0) {
        worker.buffered.append(buffer, static_cast<std::size_t>(count));
        for (std::size_t end = 0; !is_enough && (end = worker.buffered.find('\n')) != std::string::npos;) {
          const RunReport report = from_json_line(worker.buffered.substr(0, end));
          worker.buffered.erase(0, end + 1);
          worker.next_seed = report.seed + step;
          is_enough = !listener.on_report(report);
        }
        continue;
      }
      close(worker.fd);
      worker.fd = -1;
      worker.said.drain();
      int status = 0;
      waitpid(worker.pid, &status, 0);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 2) std::exit(2);  // it has said why
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
      const std::uint64_t seed = worker.next_seed;
      is_enough = !listener.on_report(crash_report(seed, status, worker.said.text()));
      if (!is_enough) start(place, seed + step);
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    if (options.seconds_max > 0 && elapsed.count() > options.seconds_max) is_enough = true;
  }
  for (const std::unique_ptr<Worker>& worker : workers) {
    if (worker->fd < 0) continue;
    close(worker->fd);
    kill(worker->pid, SIGKILL);
    waitpid(worker->pid, nullptr, 0);
  }
}

}  // namespace runs
