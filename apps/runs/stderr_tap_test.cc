#include "apps/runs/stderr_tap.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "apps/runs/isolated_run.h"
#include "core/base/assert.h"
#include "sim/verdict.h"

namespace runs {

namespace {

// A scenario whose tenant is an assertion that fails.
class Failing final : public sim::Scenario {
 public:
  std::string_view name() const override { return "failing"; }
  sim::Plan draw_plan(std::uint64_t seed) const override {
    sim::Plan plan;
    plan.scenario = name();
    plan.seed = seed;
    plan.members = 1;
    plan.faults_until = std::chrono::seconds(1);
    plan.duration = std::chrono::seconds(2);
    return plan;
  }
  base::Result<std::unique_ptr<sim::Tenant>> make_tenant(const sim::Plan& plan, sim::Findings&) const override {
    std::signal(SIGABRT, SIG_DFL);  // in the child: doctest would tell its own story
    const std::uint64_t odd = plan.seed % 2;
    ASSERT(odd == 1);
    ASSERT(odd == 2);
    return base::fail(base::Code::invalid, "nobody comes here");
  }
};

class Collected final : public ReportListener {
 public:
  bool on_report(const RunReport& report) override {
    reports.push_back(report);
    return true;
  }
  std::vector<RunReport> reports;
};

}  // namespace

TEST_CASE("last words are those of an assertion or a sanitizer, or else the last line") {
  struct Case { std::string_view text, words; };
  constexpr Case cases[] = {
      {"", ""},
      {"\n\n", ""},
      {"one\ntwo\n", "two"},
      {"free(): invalid pointer", "free(): invalid pointer"},
      {"x\n../core/raft/log.cc:40: ASSERT(last >= first)\nmore\n", "../core/raft/log.cc:40: ASSERT(last >= first)"},
      {"a.cc:1: ASSERT(a)\nb.cc:2: ASSERT(b)\n", "b.cc:2: ASSERT(b)"},
      {"==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n    #0 f\n==7==ABORTING\n",
       "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1"},
      {"a.cc:3:1: runtime error: index 9 out of bounds\nSUMMARY: x\n", "a.cc:3:1: runtime error: index 9 out of bounds"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK_EQ(last_words(c.text), c.words);
  }
}

TEST_CASE("a crash says which assertion failed, and those of one assertion are alike") {
  const Failing scenario;
  const RunReport alone = run_isolated(scenario, scenario.draw_plan(1));
  CHECK(alone.outcome.verdict.kind == sim::VerdictKind::crash);
  CHECK_NE(alone.outcome.verdict.message.find("Aborted: "), std::string::npos);
  CHECK_NE(alone.outcome.verdict.message.find("stderr_tap_test.cc"), std::string::npos);
  CHECK_NE(alone.outcome.verdict.message.find("ASSERT(odd == 2)"), std::string::npos);

  Collected all;
  run_batch(scenario, {1, 4, 2, false, 0}, all);
  REQUIRE_EQ(all.reports.size(), 4);
  for (const RunReport& report : all.reports) {
    CAPTURE(report.seed);
    CHECK_NE(report.outcome.verdict.message.find(report.seed % 2 == 1 ? "ASSERT(odd == 2)" : "ASSERT(odd == 1)"), std::string::npos);
    CHECK_EQ(is_alike(report.outcome.verdict, alone.outcome.verdict), report.seed % 2 == 1);
  }
}

}  // namespace runs
