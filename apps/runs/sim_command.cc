// The command `sim`: many seeds, and what they add up to.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/runs/commands.h"
#include "apps/runs/isolated_run.h"
#include "apps/runs/marks.h"
#include "sim/catalogue.h"

namespace runs {

namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// How long a search that waits for one oracle goes on after another has found something.
constexpr double kLooksOnForCpuSeconds = 30;

// Whose disks were spoilt, and what came of it: no run is excused silently.
struct BudgetTotals {
  std::uint64_t unspoilt = 0;
  std::uint64_t within = 0;
  std::uint64_t beyond = 0;
  std::uint64_t refused = 0;  // of those beyond
  std::uint64_t passed = 0;   // likewise, all the same
  std::uint64_t gone = 0;     // members
  std::map<std::string, std::uint64_t> losses;    // members
  std::map<std::string, std::uint64_t> refusals;  // runs, by what they said

  void add(const sim::Outcome& outcome) {
    if (outcome.is_beyond) ++beyond;
    else ++(outcome.losses.empty() ? unspoilt : within);
    if (outcome.is_beyond && outcome.verdict.kind == sim::VerdictKind::pass) ++passed;
    gone += outcome.gone;
    for (const auto& loss : outcome.losses) losses[loss.first] += loss.second;
    if (outcome.verdict.kind != sim::VerdictKind::refused) return;
    ++refused;
    ++refusals[sim::shape_of(outcome.verdict)];
  }

  void print() const {
    const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf("budget: %llu runs without a spoilt disk, %llu with, within it, %llu beyond it, of which %llu refused and %llu passed all the same;", number(unspoilt),
                number(within), number(beyond), number(refused), number(passed));
    std::printf(" members whose disk was spoilt, by what: gone %llu", number(gone));
    for (const auto& loss : losses) std::printf(", %s %llu", loss.first.c_str(), number(loss.second));
    std::printf("\n");
    for (const auto& refusal : refusals) std::printf("refused %llu times: %s\n", number(refusal.second), refusal.first.c_str());
  }
};

class Totals final : public ReportListener {
 public:
  Totals(const Program& program, const Arguments& arguments, const sim::Scenario& scenario)
      : program_(program), arguments_(arguments), scenario_(scenario) {}

  bool on_report(const RunReport& report) override {
    const sim::Outcome& outcome = report.outcome;
    ++runs_;
    ++verdicts_[std::string(sim::to_text(outcome.verdict.kind))];
    simulated_ += outcome.simulated;
    turns_ += outcome.turns;
    cpu_seconds_ += report.cpu_seconds;
    crashes_.total += outcome.crashes.total;
    crashes_.with_sync_in_flight += outcome.crashes.with_sync_in_flight;
    crashes_.in_store_job += outcome.crashes.in_store_job;
    crashes_.in_recovery += outcome.crashes.in_recovery;
    commits_proven_ += outcome.commits_proven;
    budget_.add(outcome);
    for (const auto& one : outcome.reached_after) slowest_[one.first] = std::max(slowest_[one.first], one.second);
    for (const auto& count : outcome.counts) counts_[count.first] += count.second;
    marks_.add(scenario_.draw_plan(report.seed), outcome.marks);
    if (const auto acknowledged = outcome.counts.find("acknowledged"); acknowledged != outcome.counts.end()) {
      acknowledged_min_ = std::min(acknowledged_min_, acknowledged->second);
    }
    for (std::size_t kind = 0; kind < io::sim::kFaultKindCount; ++kind) {
      const auto fault = static_cast<io::sim::FaultKind>(kind);
      faults_.count(fault, outcome.faults[fault]);
    }
    digests_[report.seed] = base::to_text(outcome.digest);
    bool has_failed = outcome.verdict.is_failure();
    if (!report.second_digest.empty() && report.second_digest != base::to_text(outcome.digest)) {
      ++nondeterministic_;
      has_failed = true;
      std::fprintf(stderr, "seed %llu is not deterministic: %s, then %s\n", static_cast<unsigned long long>(report.seed),
                   base::to_text(outcome.digest).c_str(), report.second_digest.c_str());
    }
    if (outcome.verdict.is_failure()) on_failure(report);
    show_progress();
    return !(has_failed && arguments_.stop_at_failure) && !has_seen_enough(outcome.verdict);
  }

  int finish() {
    if (!arguments_.digests.empty()) {
      std::ofstream file(arguments_.digests, std::ios::trunc);
      for (const auto& digest : digests_) file << digest.first << " " << digest.second << "\n";
    }
    if (arguments_.json) std::printf("%s\n", summary().dump(1).c_str());
    else print();
    return failures_.empty() && nondeterministic_ == 0 ? 0 : 1;
  }

 private:
  struct Failure {
    std::uint64_t seed = 0;
    sim::Verdict verdict;
    std::string trace;
    // Of the batch until this was found:
    double cpu_seconds = 0;
    double simulated_seconds = 0;
    std::uint64_t runs = 0;
  };

  bool has_seen_enough(const sim::Verdict& verdict) const {
    if (arguments_.cpu_seconds_max > 0 && cpu_seconds_ >= arguments_.cpu_seconds_max) return true;
    if (arguments_.until_oracle.empty() || failures_.empty()) return false;
    const bool is_awaited = verdict.is_failure() && verdict.oracle == arguments_.until_oracle;
    return is_awaited || cpu_seconds_ >= failures_.front().cpu_seconds + kLooksOnForCpuSeconds;
  }

  void on_failure(const RunReport& report) {
    Failure failure{report.seed, report.outcome.verdict, {}, cpu_seconds_, simulated_seconds(), runs_};
    // A thousand failures of one bug need no thousand files.
    if (failures_.size() < 20) {
      failure.trace = arguments_.traces + "/" + arguments_.scenario + "-" + std::to_string(report.seed) + ".trace.json";
      const sim::Trace trace{scenario_.draw_plan(report.seed), report.outcome.verdict, report.outcome.digest, program_.build};
      if (const base::Status written = write_file(failure.trace, sim::encode(trace)); !written) {
        std::fprintf(stderr, "%s: %s\n", program_.name.c_str(), written.error().detail.c_str());
        failure.trace.clear();
      }
      const std::string again = failure.trace.empty() ? "sim --seed " + std::to_string(report.seed) : "replay " + failure.trace;
      std::fprintf(stderr, "seed %llu failed (%s, %s): %s\n  again: %s %s\n", static_cast<unsigned long long>(report.seed),
                   std::string(sim::to_text(failure.verdict.kind)).c_str(), failure.verdict.oracle.c_str(),
                   failure.verdict.message.c_str(),
                   program_.name.c_str(), again.c_str());
      if (!failure.trace.empty()) std::fprintf(stderr, "  look: %s report %s -o page.html\n", program_.name.c_str(), failure.trace.c_str());
    }
    failures_.push_back(std::move(failure));
  }

  double wall_seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
  double simulated_seconds() const { return static_cast<double>(simulated_.count()) / 1e9; }

  void show_progress() {
    const std::uint64_t all = arguments_.seeds.last - arguments_.seeds.first + 1;
    if (arguments_.json || all < 10 || Clock::now() - shown_ < std::chrono::seconds(5)) return;
    shown_ = Clock::now();
    std::fprintf(stderr, "%llu of %llu seeds, %zu failed, %.0f simulated seconds per wall second\n",
                 static_cast<unsigned long long>(runs_), static_cast<unsigned long long>(all), failures_.size(),
                 simulated_seconds() / wall_seconds());
  }

  Json summary() const {
    Json json;
    json["scenario"] = arguments_.scenario;
    json["first_seed"] = arguments_.seeds.first;
    json["last_seed"] = arguments_.seeds.last;
    json["runs"] = runs_;
    json["without"] = Json::array();
    for (const io::sim::FaultKind kind : arguments_.without) json["without"].push_back(io::sim::to_text(kind));
    json["verdicts"] = verdicts_;
    json["nondeterministic"] = nondeterministic_;
    json["simulated_seconds"] = simulated_seconds();
    json["wall_seconds"] = wall_seconds();
    json["cpu_seconds"] = cpu_seconds_;
    json["turns"] = turns_;
    json["acknowledged_min"] = runs_ == 0 ? 0 : acknowledged_min_;
    json["counts"] = counts_;
    json["crashes"] = {{"total", crashes_.total},
                       {"with_sync_in_flight", crashes_.with_sync_in_flight},
                       {"in_store_job", crashes_.in_store_job},
                       {"in_recovery", crashes_.in_recovery}};
    json["commits_proven"] = commits_proven_;
    json["slowest_seconds"] = Json::object();
    for (const auto& one : slowest_) json["slowest_seconds"][one.first] = static_cast<double>(one.second.count()) / 1e9;
    json["budget"] = {{"within_unspoilt", budget_.unspoilt},
                      {"within_spoilt", budget_.within},
                      {"beyond", budget_.beyond},
                      {"beyond_refused", budget_.refused},
                      {"beyond_passed", budget_.passed},
                      {"members_gone", budget_.gone},
                      {"losses", budget_.losses},
                      {"refusals", budget_.refusals}};
    json["faults"] = Json::object();
    for (std::size_t kind = 0; kind < io::sim::kFaultKindCount; ++kind) {
      const auto fault = static_cast<io::sim::FaultKind>(kind);
      json["faults"][std::string(io::sim::to_text(fault))] = faults_[fault];
    }
    json["marks"] = Json::object();
    for (const base::Mark mark : marks_.wanted()) {
      json["marks"][std::string(base::to_text(mark))] = {{"runs", marks_.runs(mark)}, {"times", marks_.times(mark)}};
    }
    json["failures"] = Json::array();
    for (const Failure& failure : failures_) {
      json["failures"].push_back({{"seed", failure.seed},
                                  {"verdict", sim::to_text(failure.verdict.kind)},
                                  {"oracle", failure.verdict.oracle},
                                  {"message", failure.verdict.message},
                                  {"trace", failure.trace},
                                  {"cpu_seconds_until", failure.cpu_seconds},
                                  {"simulated_seconds_until", failure.simulated_seconds},
                                  {"runs_until", failure.runs}});
    }
    return json;
  }

  void print() const {
    std::printf("%llu runs of %s:", static_cast<unsigned long long>(runs_), arguments_.scenario.c_str());
    for (const auto& verdict : verdicts_) std::printf(" %llu %s", static_cast<unsigned long long>(verdict.second), verdict.first.c_str());
    if (arguments_.twice) std::printf(", each run twice, %llu with another digest", static_cast<unsigned long long>(nondeterministic_));
    std::printf("\n%.0f simulated seconds in %.1f s (%.1f CPU-s): %.0f simulated s per CPU-s, %.0f turns per CPU-s\n",
                simulated_seconds(), wall_seconds(), cpu_seconds_, simulated_seconds() / cpu_seconds_,
                static_cast<double>(turns_) / cpu_seconds_);
    std::printf("operations:");
    for (const auto& count : counts_) std::printf(" %s %llu,", count.first.c_str(), static_cast<unsigned long long>(count.second));
    std::printf(" fewest acknowledged in a run %llu\n", static_cast<unsigned long long>(runs_ == 0 ? 0 : acknowledged_min_));
    std::printf("crashes: %llu, with a sync in flight %llu, in a store job %llu, in recovery %llu; log writes proven durable %llu\n",
                static_cast<unsigned long long>(crashes_.total), static_cast<unsigned long long>(crashes_.with_sync_in_flight),
                static_cast<unsigned long long>(crashes_.in_store_job), static_cast<unsigned long long>(crashes_.in_recovery),
                static_cast<unsigned long long>(commits_proven_));
    budget_.print();
    std::printf("slowest after the faults:");
    for (const auto& one : slowest_) std::printf(" %s %.1f s", one.first.c_str(), static_cast<double>(one.second.count()) / 1e9);
    std::printf("\n");
    std::printf("faults that mattered:");
    for (std::size_t kind = 0; kind < io::sim::kFaultKindCount; ++kind) {
      const auto fault = static_cast<io::sim::FaultKind>(kind);
      std::printf(" %s %llu", std::string(io::sim::to_text(fault)).c_str(), static_cast<unsigned long long>(faults_[fault]));
    }
    std::printf("\n%s\n", marks_.to_text().c_str());
    // One line for each mistake, as far as one can tell.
    std::map<std::string, std::vector<const Failure*>> kinds;
    for (const Failure& failure : failures_) {
      kinds[std::string(sim::to_text(failure.verdict.kind)) + ", " + failure.verdict.oracle + ": " + sim::shape_of(failure.verdict)].push_back(&failure);
    }
    for (const auto& kind : kinds) {
      const Failure& first = **std::min_element(kind.second.begin(), kind.second.end(), [](const Failure* a, const Failure* b) { return a->seed < b->seed; });
      std::printf("failed %zu times (%s), first with seed %llu\n", kind.second.size(), kind.first.c_str(), static_cast<unsigned long long>(first.seed));
    }
  }

  const Program& program_;
  const Arguments& arguments_;
  const sim::Scenario& scenario_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = Clock::now();
  std::uint64_t runs_ = 0;
  std::map<std::string, std::uint64_t> verdicts_;
  std::uint64_t nondeterministic_ = 0;
  base::Duration simulated_{};
  std::uint64_t turns_ = 0;
  double cpu_seconds_ = 0;
  sim::CrashCounts crashes_;
  std::uint64_t commits_proven_ = 0;
  BudgetTotals budget_;
  std::map<std::string, base::Duration> slowest_;  // of the bounds, over all runs
  std::uint64_t acknowledged_min_ = UINT64_MAX;
  std::map<std::string, std::uint64_t> counts_;
  io::sim::FaultCounters faults_;
  MarkTotals marks_;
  std::map<std::uint64_t, std::string> digests_;
  std::vector<Failure> failures_;
};

}  // namespace

int run_sim(const Program& program, const Arguments& arguments) {
  const sim::Without scenario(scenario_named(program, arguments.scenario), arguments.without);
  warm_up(scenario);
  Totals totals(program, arguments, scenario);
  run_batch(scenario, {arguments.seeds.first, arguments.seeds.last, arguments.jobs, arguments.twice, arguments.seconds_max}, totals);
  return totals.finish();
}

}  // namespace runs
