// The command `replay --until`: a run up to one of its turns, and how everything stands then.
#include <cstdio>

#include "apps/runs/commands.h"
#include "apps/runs/up_to_crash.h"
#include "sim/run.h"
#include "sim/standing.h"

namespace runs {

namespace {

// In a child.
int tell(const Program& program, const Arguments& arguments, const sim::Trace& trace, const Attempt& attempt) {
  sim::Recording recording;
  const base::Result<sim::Outcome> outcome = sim::run(scenario_named(program, trace.plan.scenario), trace.plan, story_of(attempt), &recording);
  if (!outcome) return refuse(program, outcome.error());
  if (arguments.log) {
    for (const std::string& line : recording.log) std::printf("%s\n", line.c_str());
  }
  const sim::Verdict& verdict = attempt.died ? *attempt.died : outcome->verdict;
  const bool has_found = verdict.kind != sim::VerdictKind::pass;
  if (outcome->turns < arguments.until_turn) {
    std::printf("there is no turn %llu: the run ends behind turn %llu\n", static_cast<unsigned long long>(arguments.until_turn),
                static_cast<unsigned long long>(outcome->turns));
    if (!has_found) std::printf("(its members were stopped, and their files looked at)\n");
  }
  if (has_found) std::printf("%s (%s): %s\n", std::string(sim::to_text(verdict.kind)).c_str(), verdict.oracle.c_str(), verdict.message.c_str());
  std::printf("%s", sim::standing_text(recording.story, recording.machines).c_str());
  return 0;
}

}  // namespace

int run_until(const Program& program, const Arguments& arguments, const sim::Trace& trace) {
  const std::optional<int> code =
      run_up_to_crash(arguments.until_turn, [&](const Attempt& attempt) { return tell(program, arguments, trace, attempt); });
  if (code) return *code;
  std::fprintf(stderr, "%s: the run ended its own process, and so it did again\n", program.name.c_str());
  return 1;
}

}  // namespace runs
