// The command `report`: one trace as a page that a newcomer can read.
#include <cstdio>
#include <optional>

#include "apps/runs/commands.h"
#include "apps/runs/isolated_run.h"
#include "apps/runs/report_data.h"
#include "apps/runs/report_page.h"
#include "apps/runs/up_to_crash.h"
#include "sim/words.h"

namespace runs {

namespace {

// In a child. Replays, and writes the page; returns the child's exit code.
int write_page(const Program& program, const Arguments& arguments, const sim::Trace& trace, const Attempt& attempt) {
  sim::Recording recording;
  base::Result<sim::Outcome> outcome = sim::run(scenario_named(program, trace.plan.scenario), trace.plan, story_of(attempt), &recording);
  if (!outcome) return refuse(program, outcome.error());
  if (attempt.died) {
    outcome->verdict = *attempt.died;
    recording.story.promise = sim::promise_of(attempt.died->oracle);
  }
  const std::string title = program.name + " " + trace.plan.scenario + " " + std::to_string(trace.plan.seed) + ": " + std::string(sim::to_text(outcome->verdict.kind));
  const std::string json = report_json({program.name, program.build, arguments.file, trace, *outcome, recording.story, page_assets::kGlossary});
  const std::string page = report_page(title, json);
  if (const base::Status written = write_file(arguments.output, page); !written) return refuse(program, written.error());
  std::printf("%s: %s%s%s\n%s: %zu bytes\n", std::string(sim::to_text(outcome->verdict.kind)).c_str(), outcome->verdict.oracle.c_str(),
              outcome->verdict.oracle.empty() ? "nothing was broken" : ": ", outcome->verdict.message.c_str(), arguments.output.c_str(), page.size());
  std::fflush(stdout);
  return outcome->verdict.is_failure() ? 1 : 0;
}

}  // namespace

int run_report(const Program& program, const Arguments& arguments) {
  const base::Result<sim::Trace> trace = read_trace(arguments.file);
  if (!trace) return refuse(program, trace.error());
  warm_up(scenario_named(program, trace->plan.scenario));
  const std::optional<int> code = run_up_to_crash(0, [&](const Attempt& attempt) { return write_page(program, arguments, *trace, attempt); });
  if (!code) {
    std::fprintf(stderr, "%s: the run ended its own process, and so it did again: there is no page\n", program.name.c_str());
    return 1;
  }
  return *code;
}

}  // namespace runs
