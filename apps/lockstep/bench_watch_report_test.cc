#include "apps/lockstep/bench_watch_report.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <ostream>

using namespace lockstep;

namespace {

WatchResult watch_result(double server_cpu_seconds) {
  WatchResult out;
  for (int i = 1; i <= 100; ++i) out.told.add(std::chrono::microseconds(i));
  for (int i = 1; i <= 10; ++i) out.answered.add(std::chrono::microseconds(i));
  out.deliveries = 100;
  out.messages = 50;
  out.puts = 10;
  out.seconds = 2;
  out.server_cpu_seconds = server_cpu_seconds;
  out.client_cpu_seconds = 0.01;
  return out;
}

WatchReport watch_report(const std::string& name, std::initializer_list<double> cpu) {
  WatchReport out;
  out.name = name;
  for (const double each : cpu) out.add(watch_result(each), std::nullopt);
  return out;
}

}  // namespace

TEST_CASE("costs of watching are shared by deliveries, and by puts") {
  const WatchFigures figures = figures_of(watch_result(0.02), std::nullopt);
  CHECK_EQ(figures.deliveries_per_second, doctest::Approx(50));
  CHECK_EQ(figures.events_per_message, doctest::Approx(2));
  CHECK_EQ(figures.server_cpu, doctest::Approx(200));
  CHECK_EQ(figures.server_cpu_per_put, doctest::Approx(2000));
  CHECK_EQ(figures.client_cpu, doctest::Approx(100));
  CHECK_EQ(figures.told_p99, doctest::Approx(99).epsilon(0.02));
  CHECK_EQ(figures.put_p50, doctest::Approx(5).epsilon(0.02));
  CHECK_EQ(figures.put_p99_usual, 0);
}

TEST_CASE("a run with slow or late watchers is shown beside the one without") {
  WatchResult with = watch_result(0.02);
  with.catch_up_seconds = 1.5;
  WatchReport report;
  report.name = "a";
  WatchResult usual = watch_result(0.01);
  usual.errors["a watcher was not told of every put exactly once"] = 2;
  report.add(with, usual);
  const std::string line = line_of(report.name, report.runs.front());
  CHECK(line.find("without: told p99 ") != std::string::npos);
  CHECK(line.find("caught up in 1.500 s") != std::string::npos);
  CHECK_EQ(report.error_count(), 2);  // those of either run
  CHECK(text_of(std::vector<WatchReport>{report}).find("a: 2 errors: a watcher was not told") != std::string::npos);
}

TEST_CASE("pairs of watch loads are compared pair by pair") {
  const std::vector<WatchReport> targets = {watch_report("a", {0.01, 0.04, 0.03}), watch_report("b", {0.02, 0.02, 0.03})};
  CHECK_EQ(median_ratios(targets[0].runs, targets[1].runs).server_cpu, doctest::Approx(1));
  CHECK(text_of(targets).find("server CPU/delivery 1.00") != std::string::npos);
  const auto json = nlohmann::json::parse(json_of({}, targets), nullptr, false);
  REQUIRE(json.is_object());
  CHECK_EQ(json["median_of_ratios"]["server_cpu_us_per_delivery"].get<double>(), doctest::Approx(1));
  CHECK_EQ(json["targets"][0]["runs"].size(), 3);
  CHECK_EQ(json["targets"][1]["median"]["events_per_message"].get<double>(), doctest::Approx(2));
}

TEST_CASE("idle watchers are compared by what one takes") {
  const std::vector<IdleWatchers> found = {{"a", 2, 6, 400}, {"b", 6, 30, 2400}};
  CHECK(text_of(found).find("first / second: 0.17") != std::string::npos);
  const auto json = nlohmann::json::parse(json_of({}, found), nullptr, false);
  REQUIRE(json.is_object());
  CHECK_EQ(json["targets"][1]["bytes_per_watcher"].get<double>(), 2400);
}
