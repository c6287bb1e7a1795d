#include "apps/lockstep/bench_watch_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/lockstep/bench_report.h"
#include "apps/lockstep/format.h"
#include "core/base/assert.h"

namespace lockstep {

namespace {

using WatchJson = nlohmann::ordered_json;

struct WatchColumn {
  const char* name;  // of JSON
  double WatchFigures::*field;
};
constexpr WatchColumn kWatchColumns[] = {{"deliveries_per_second", &WatchFigures::deliveries_per_second},
                                         {"events_per_message", &WatchFigures::events_per_message},
                                         {"told_p50_us", &WatchFigures::told_p50},
                                         {"told_p99_us", &WatchFigures::told_p99},
                                         {"put_p50_us", &WatchFigures::put_p50},
                                         {"put_p99_us", &WatchFigures::put_p99},
                                         {"server_cpu_us_per_delivery", &WatchFigures::server_cpu},
                                         {"server_cpu_us_per_put", &WatchFigures::server_cpu_per_put},
                                         {"client_cpu_us_per_delivery", &WatchFigures::client_cpu},
                                         {"catch_up_seconds", &WatchFigures::catch_up_seconds},
                                         {"told_p99_us_without", &WatchFigures::told_p99_usual},
                                         {"put_p99_us_without", &WatchFigures::put_p99_usual}};

double in_microseconds(base::Duration duration) { return static_cast<double>(duration.count()) / 1e3; }

WatchJson watch_json_of(const WatchFigures& figures) {
  WatchJson out;
  for (const WatchColumn& column : kWatchColumns) out[column.name] = figures.*column.field;
  return out;
}

std::string dumped(const WatchJson& json) { return json.dump(1, ' ', false, WatchJson::error_handler_t::replace) + "\n"; }

double share(double part, std::uint64_t count) { return part / static_cast<double>(std::max<std::uint64_t>(1, count)); }

}  // namespace

WatchFigures figures_of(const WatchResult& result, const std::optional<WatchResult>& usual) {
  WatchFigures out;
  out.deliveries_per_second = result.seconds > 0 ? static_cast<double>(result.deliveries) / result.seconds : 0;
  out.events_per_message = share(static_cast<double>(result.deliveries), result.messages);
  out.told_p50 = in_microseconds(result.told.permille(500));
  out.told_p99 = in_microseconds(result.told.permille(990));
  out.put_p50 = in_microseconds(result.answered.permille(500));
  out.put_p99 = in_microseconds(result.answered.permille(990));
  out.server_cpu = share(1e6 * result.server_cpu_seconds, result.deliveries);
  out.server_cpu_per_put = share(1e6 * result.server_cpu_seconds, result.puts);
  out.client_cpu = share(1e6 * result.client_cpu_seconds, result.deliveries);
  out.catch_up_seconds = result.catch_up_seconds;
  if (!usual) return out;
  out.told_p99_usual = in_microseconds(usual->told.permille(990));
  out.put_p99_usual = in_microseconds(usual->answered.permille(990));
  return out;
}

WatchFigures medians(const std::vector<WatchFigures>& runs) {
  WatchFigures out;
  for (const WatchColumn& column : kWatchColumns) {
    std::vector<double> values;
    for (const WatchFigures& run : runs) values.push_back(run.*column.field);
    out.*column.field = median(std::move(values));
  }
  return out;
}

WatchFigures median_ratios(const std::vector<WatchFigures>& ours, const std::vector<WatchFigures>& theirs) {
  ASSERT(ours.size() == theirs.size());
  std::vector<WatchFigures> ratios(ours.size());
  for (std::size_t pair = 0; pair < ours.size(); ++pair) {
    for (const WatchColumn& column : kWatchColumns) {
      const double other = theirs[pair].*column.field;
      ratios[pair].*column.field = other > 0 ? ours[pair].*column.field / other : 0;
    }
  }
  return medians(ratios);
}

void WatchReport::add(const WatchResult& result, const std::optional<WatchResult>& usual) {
  runs.push_back(figures_of(result, usual));
  for (const auto& error : result.errors) errors[error.first] += error.second;
  if (!usual) return;
  for (const auto& error : usual->errors) errors[error.first] += error.second;
}

std::uint64_t WatchReport::error_count() const {
  std::uint64_t sum = 0;
  for (const auto& error : errors) sum += error.second;
  return sum;
}

std::string describe_watch(const LoadOptions& load) {
  std::string out = format(", %u watchers on %u streams on %u connection%s", load.watchers, load.streams, connection_count(load),
                           connection_count(load) == 1 ? "" : "s");
  if (load.idle) return out + ", idle";
  if (load.slow_streams > 0) out += format(", %u streams that read nothing", load.slow_streams);
  if (load.behind > 0) out += format(", one watcher %llu puts behind", wide(load.behind));
  out += format("; %llu puts of %zu bytes, %u outstanding", wide(load.operations), load.value_bytes, load.clients);
  if (load.until_told) out += " until all are told";
  if (load.rate > 0) out += format(", %g per second", load.rate);
  return out;
}

std::string line_of(const std::string& name, const WatchFigures& f) {
  std::string out = format("%-24s %9.0f deliveries/s  told p50 %7.0f  p99 %7.0f  put p50 %6.0f  p99 %7.0f us  events/message %.1f"
                           "  CPU/delivery server %6.2f client %5.2f  CPU/put server %7.1f us", name.c_str(), f.deliveries_per_second, f.told_p50,
                           f.told_p99, f.put_p50, f.put_p99, f.events_per_message, f.server_cpu, f.client_cpu, f.server_cpu_per_put);
  if (f.put_p99_usual > 0) out += format("  without: told p99 %.0f  put p99 %.0f us", f.told_p99_usual, f.put_p99_usual);
  if (f.catch_up_seconds > 0) out += format("  caught up in %.3f s", f.catch_up_seconds);
  return out + "\n";
}

std::string text_of(const std::vector<WatchReport>& targets) {
  std::string out;
  if (targets.front().runs.size() > 1) {
    out += "medians\n";
    for (const WatchReport& target : targets) out += line_of(target.name, medians(target.runs));
  }
  if (targets.size() == 2) {
    const WatchFigures ratio = median_ratios(targets[0].runs, targets[1].runs);
    out += format("first / second, median of %zu pairs: deliveries %.2f  told p50 %.2f  p99 %.2f  put p99 %.2f", targets[0].runs.size(),
                  ratio.deliveries_per_second, ratio.told_p50, ratio.told_p99, ratio.put_p99);
    if (ratio.catch_up_seconds > 0) out += format("  catch-up %.2f", ratio.catch_up_seconds);
    out += ratio.server_cpu > 0 ? format("  server CPU/delivery %.2f\n", ratio.server_cpu) : "  server CPU not measured\n";
  }
  for (const WatchReport& target : targets) {
    for (const auto& error : target.errors) out += format("%s: %llu errors: %s\n", target.name.c_str(), wide(error.second), error.first.c_str());
  }
  return out;
}

std::string json_of(const BenchOptions& options, const std::vector<WatchReport>& targets) {
  WatchJson out{{"load", describe(options)}, {"targets", WatchJson::array()}};
  for (const WatchReport& target : targets) {
    WatchJson row{{"name", target.name}, {"median", watch_json_of(medians(target.runs))}, {"runs", WatchJson::array()}};
    for (const WatchFigures& run : target.runs) row["runs"].push_back(watch_json_of(run));
    row["errors"] = WatchJson::object();
    for (const auto& error : target.errors) row["errors"][error.first] = error.second;
    out["targets"].push_back(std::move(row));
  }
  if (targets.size() == 2) out["median_of_ratios"] = watch_json_of(median_ratios(targets[0].runs, targets[1].runs));
  return dumped(out);
}

std::string text_of(const std::vector<IdleWatchers>& targets) {
  std::string out;
  for (const IdleWatchers& target : targets) {
    out += format("%-24s anonymous memory %.1f MB without, %.1f MB with: %.0f bytes per watcher\n", target.name.c_str(), target.before_mb,
                  target.after_mb, target.bytes_per_watcher);
  }
  if (targets.size() == 2 && targets[1].bytes_per_watcher > 0) {
    out += format("first / second: %.2f\n", targets[0].bytes_per_watcher / targets[1].bytes_per_watcher);
  }
  return out;
}

std::string json_of(const BenchOptions& options, const std::vector<IdleWatchers>& targets) {
  WatchJson out{{"load", describe(options)}, {"targets", WatchJson::array()}};
  for (const IdleWatchers& target : targets) {
    out["targets"].push_back({{"name", target.name},
                              {"before_mb", target.before_mb},
                              {"after_mb", target.after_mb},
                              {"bytes_per_watcher", target.bytes_per_watcher}});
  }
  return dumped(out);
}

}  // namespace lockstep
