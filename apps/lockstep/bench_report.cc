#include "apps/lockstep/bench_report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/lockstep/bench_watch_report.h"
#include "apps/lockstep/format.h"
#include "core/base/assert.h"

namespace lockstep {

namespace {

using Json = nlohmann::ordered_json;

struct Column {
  const char* name;  // of JSON
  double Figures::*field;
};
constexpr Column kColumns[] = {{"operations_per_second", &Figures::operations_per_second}, {"p50_us", &Figures::p50},
                               {"p90_us", &Figures::p90}, {"p99_us", &Figures::p99}, {"p999_us", &Figures::p999}, {"max_us", &Figures::max},
                               {"server_cpu_us_per_operation", &Figures::server_cpu}, {"client_cpu_us_per_operation", &Figures::client_cpu}};

struct FootprintColumn {
  const char* name;
  const char* title;
  double Footprint::*field;
};
constexpr FootprintColumn kFootprintColumns[] = {
    {"start_seconds", "start with no data, s", &Footprint::start_seconds},
    {"fill_per_second", "puts per second while filling", &Footprint::fill_per_second},
    {"anonymous_mb", "anonymous memory after filling, MB", &Footprint::anonymous_mb},
    {"disk_mb", "disk, MB", &Footprint::disk_mb},
    {"restart_seconds", "restart, s", &Footprint::restart_seconds},
    {"restart_cpu_seconds", "CPU of the restart, s", &Footprint::restart_cpu_seconds},
    {"anonymous_after_restart_mb", "anonymous memory after the restart, MB", &Footprint::anonymous_after_restart_mb}};

double microseconds(base::Duration duration) { return static_cast<double>(duration.count()) / 1e3; }

Json json_of(const Figures& figures) {
  Json out;
  for (const Column& column : kColumns) out[column.name] = figures.*column.field;
  return out;
}

std::string complaints(const TargetReport& target) {
  std::string out;
  for (const auto& error : target.errors) out += format("%s: %llu operations failed: %s\n", target.name.c_str(), wide(error.second), error.first.c_str());
  struct Count { std::uint64_t count; const char* what; };
  for (const Count& c : {Count{target.answers.found_nothing, "ranges found nothing; write the keys first with --fill"},
                         Count{target.answers.other_branch, "transactions found their key changed"},
                         Count{target.answers.malformed, "answers could not be read"}}) {
    if (c.count > 0) out += format("%s: %llu of %llu %s\n", target.name.c_str(), wide(c.count), wide(target.operation_count), c.what);
  }
  return out;
}

}  // namespace

Figures figures_of(const RunResult& result) {
  Figures out;
  const auto count = static_cast<double>(std::max<std::uint64_t>(1, result.operation_count()));
  out.operations_per_second = result.seconds > 0 ? static_cast<double>(result.taken.count()) / result.seconds : 0;
  out.p50 = microseconds(result.taken.permille(500));
  out.p90 = microseconds(result.taken.permille(900));
  out.p99 = microseconds(result.taken.permille(990));
  out.p999 = microseconds(result.taken.permille(999));
  out.max = microseconds(result.taken.max());
  out.server_cpu = 1e6 * result.server_cpu_seconds / count;
  out.client_cpu = 1e6 * result.client_cpu_seconds / count;
  return out;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Figures medians(const std::vector<Figures>& runs) {
  Figures out;
  for (const Column& column : kColumns) {
    std::vector<double> values;
    for (const Figures& run : runs) values.push_back(run.*column.field);
    out.*column.field = median(std::move(values));
  }
  return out;
}

Figures median_ratios(const std::vector<Figures>& ours, const std::vector<Figures>& theirs) {
  ASSERT(ours.size() == theirs.size());
  std::vector<Figures> ratios(ours.size());
  for (std::size_t pair = 0; pair < ours.size(); ++pair) {
    for (const Column& column : kColumns) {
      const double other = theirs[pair].*column.field;
      ratios[pair].*column.field = other > 0 ? ours[pair].*column.field / other : 0;
    }
  }
  return medians(ratios);
}

void TargetReport::add(const RunResult& result) {
  runs.push_back(figures_of(result));
  for (const auto& error : result.errors) errors[error.first] += error.second;
  answers.found_nothing += result.answers.found_nothing;
  answers.other_branch += result.answers.other_branch;
  answers.malformed += result.answers.malformed;
  operation_count += result.operation_count();
}

std::uint64_t TargetReport::error_count() const {
  std::uint64_t sum = answers.malformed;
  for (const auto& error : errors) sum += error.second;
  return sum;
}

std::string describe(const BenchOptions& options) {
  const LoadOptions& load = options.load;
  std::string out(to_text(load.kind));
  if (load.kind == LoadKind::mixed) out += format(" (%u %% ranges)", load.read_percent);
  if (load.kind == LoadKind::range || load.kind == LoadKind::mixed) out += load.serializable ? ", serializable" : ", linearizable";
  if (load.kind == LoadKind::footprint) {
    return out + format(", %llu keys of %zu bytes, values of %zu bytes", wide(load.key_space), load.key_bytes, load.value_bytes);
  }
  if (load.kind == LoadKind::watch) return out + describe_watch(load);
  out += format(", %s keys of %zu bytes out of %llu, values of %zu bytes", load.sequential ? "sequential" : "random", load.key_bytes,
                wide(load.key_space), load.value_bytes);
  out += format("; %u client%s on %u connection%s", load.clients, load.clients == 1 ? "" : "s", connection_count(load),
                connection_count(load) == 1 ? "" : "s");
  out += load.seconds > 0 ? format(", %g s", load.seconds) : format(", %llu operations", wide(load.operations));
  if (load.rate > 0) out += format(", %g operations per second", load.rate);
  return out;
}

std::string line_of(const std::string& name, const Figures& f) {
  return format("%-24s %9.0f op/s  p50 %7.0f  p90 %7.0f  p99 %7.0f  p99.9 %7.0f  max %7.0f us  CPU/op server %6.1f client %5.1f us\n",
                name.c_str(), f.operations_per_second, f.p50, f.p90, f.p99, f.p999, f.max, f.server_cpu, f.client_cpu);
}

std::string text_of(const std::vector<TargetReport>& targets) {
  std::string out;
  if (targets.front().runs.size() > 1) {
    out += "medians\n";
    for (const TargetReport& target : targets) out += line_of(target.name, medians(target.runs));
  }
  if (targets.size() == 2) {
    const Figures ratio = median_ratios(targets[0].runs, targets[1].runs);
    out += format("first / second, median of %zu pairs: throughput %.2f  p50 %.2f  p99 %.2f", targets[0].runs.size(),
                  ratio.operations_per_second, ratio.p50, ratio.p99);
    out += ratio.server_cpu > 0 ? format("  server CPU/op %.2f\n", ratio.server_cpu) : "  server CPU/op not measured\n";
  }
  for (const TargetReport& target : targets) out += complaints(target);
  return out;
}

std::string json_of(const BenchOptions& options, const std::vector<TargetReport>& targets) {
  Json out{{"load", describe(options)}, {"targets", Json::array()}};
  for (const TargetReport& target : targets) {
    Json row{{"name", target.name}, {"operations", target.operation_count}, {"median", json_of(medians(target.runs))}, {"runs", Json::array()}};
    for (const Figures& run : target.runs) row["runs"].push_back(json_of(run));
    row["errors"] = Json::object();
    for (const auto& error : target.errors) row["errors"][error.first] = error.second;
    row["found_nothing"] = target.answers.found_nothing;
    row["other_branch"] = target.answers.other_branch;
    row["malformed"] = target.answers.malformed;
    out["targets"].push_back(std::move(row));
  }
  if (targets.size() == 2) out["median_of_ratios"] = json_of(median_ratios(targets[0].runs, targets[1].runs));
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string text_of(const std::vector<Footprint>& footprints) {
  std::string out = format("%-40s", "");
  for (const Footprint& footprint : footprints) out += format(" %20s", footprint.name.c_str());
  out += footprints.size() == 2 ? "   ratio\n" : "\n";
  for (const FootprintColumn& column : kFootprintColumns) {
    out += format("%-40s", column.title);
    for (const Footprint& footprint : footprints) out += format(" %20.2f", footprint.*column.field);
    if (footprints.size() == 2) {
      const double other = footprints[1].*column.field;
      out += format(" %7.2f", other > 0 ? footprints[0].*column.field / other : 0);
    }
    out += "\n";
  }
  return out;
}

std::string json_of(const BenchOptions& options, const std::vector<Footprint>& footprints) {
  Json out{{"load", describe(options)}, {"targets", Json::array()}};
  for (const Footprint& footprint : footprints) {
    Json row{{"name", footprint.name}};
    for (const FootprintColumn& column : kFootprintColumns) row[column.name] = footprint.*column.field;
    out["targets"].push_back(std::move(row));
  }
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lockstep
