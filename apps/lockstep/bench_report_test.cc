#include "apps/lockstep/bench_report.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <ostream>

using namespace lockstep;

namespace {

RunResult result(int count, double seconds, double server_cpu_seconds) {
  RunResult out;
  for (int i = 1; i <= count; ++i) out.taken.add(std::chrono::microseconds(i));
  out.seconds = seconds;
  out.server_cpu_seconds = server_cpu_seconds;
  return out;
}

TargetReport report(const std::string& name, std::initializer_list<double> seconds) {
  TargetReport out;
  out.name = name;
  for (const double each : seconds) out.add(result(100, each, each / 2));
  return out;
}

}  // namespace

TEST_CASE("failed operations use the server's time, and are neither throughput nor latency") {
  RunResult run = result(100, 2, 0.02);
  run.errors["UNAVAILABLE: gone"] = 100;
  const Figures figures = figures_of(run);
  CHECK_EQ(figures.operations_per_second, doctest::Approx(50));
  CHECK_EQ(figures.server_cpu, doctest::Approx(100));  // 0.02 s over 200 operations
  CHECK_EQ(figures.p50, doctest::Approx(50).epsilon(0.02));
  CHECK_EQ(figures.max, doctest::Approx(100));
}

TEST_CASE("the median of an even number of values lies between the two in the middle") {
  CHECK_EQ(median({}), 0);
  CHECK_EQ(median({3}), 3);
  CHECK_EQ(median({9, 1, 5}), 5);
  CHECK_EQ(median({9, 1, 5, 3}), 4);
}

TEST_CASE("a ratio is the median of the pairs' ratios, not the ratio of the medians") {
  // Pairs: 10 against 20, 40 against 20, 30 against 30 operations per second.
  const std::vector<TargetReport> targets = {report("a", {10, 2.5, 10. / 3}), report("b", {5, 5, 10. / 3})};
  CHECK_EQ(median_ratios(targets[0].runs, targets[1].runs).operations_per_second, doctest::Approx(1));
  CHECK(text_of(targets).find("throughput 1.00") != std::string::npos);
  const auto json = nlohmann::json::parse(json_of({}, targets), nullptr, false);
  REQUIRE(json.is_object());
  CHECK_EQ(json["median_of_ratios"]["operations_per_second"].get<double>(), doctest::Approx(1));
  CHECK_EQ(json["targets"][0]["runs"].size(), 3);
}

TEST_CASE("errors are told by their text, with the way out where there is one") {
  TargetReport target = report("a", {1});
  target.errors["RESOURCE_EXHAUSTED: etcdserver: too many requests"] = 3;
  target.answers.found_nothing = 2;
  CHECK_EQ(target.error_count(), 3);
  const std::string text = text_of(std::vector<TargetReport>{target});
  CHECK(text.find("a: 3 operations failed: RESOURCE_EXHAUSTED: etcdserver: too many requests\n") != std::string::npos);
  CHECK(text.find("--fill") != std::string::npos);
}
