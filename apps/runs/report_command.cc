// The command `report`: one trace as a page that a newcomer can read.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <optional>

#include "apps/runs/commands.h"
#include "apps/runs/isolated_run.h"
#include "apps/runs/report_data.h"
#include "apps/runs/report_page.h"
#include "sim/words.h"

namespace runs {

namespace {

constexpr int kCannotRun = 2, kCannotWrite = 3;

// In a child. Replays up to and including this turn (0: to the end), and writes the page; returns the child's exit code. `died` is what is known
// of a run that ended its own process.
int write_page(const Program& program, const Arguments& arguments, const sim::Trace& trace, std::uint64_t turns_max, std::uint64_t* turn_begun,
               const std::optional<sim::Verdict>& died) {
  sim::RunOptions options;
  options.keep_story = true;
  options.turns_max = turns_max;
  options.turn_begun = turn_begun;
  sim::Recording recording;
  base::Result<sim::Outcome> outcome = sim::run(scenario_named(program, trace.plan.scenario), trace.plan, options, &recording);
  if (!outcome) {
    std::fprintf(stderr, "%s: %s\n", program.name.c_str(), outcome.error().detail.c_str());
    return kCannotRun;
  }
  if (died) {
    outcome->verdict = *died;
    recording.story.promise = sim::promise_of(died->oracle);
  }
  const std::string title = program.name + " " + trace.plan.scenario + " " + std::to_string(trace.plan.seed) + ": " + std::string(sim::to_text(outcome->verdict.kind));
  const std::string json = report_json({program.name, program.build, arguments.file, trace, *outcome, recording.story, page_assets::kGlossary});
  const std::string page = report_page(title, json);
  if (const base::Status written = write_file(arguments.output, page); !written) {
    std::fprintf(stderr, "%s: %s\n", program.name.c_str(), written.error().detail.c_str());
    return kCannotWrite;
  }
  std::printf("%s: %s%s%s\n%s: %zu bytes\n", std::string(sim::to_text(outcome->verdict.kind)).c_str(), outcome->verdict.oracle.c_str(),
              outcome->verdict.oracle.empty() ? "nothing was broken" : ": ", outcome->verdict.message.c_str(), arguments.output.c_str(), page.size());
  std::fflush(stdout);
  return outcome->verdict.is_failure() ? 1 : 0;
}

template <typename Work>
int status_of_child(Work work) {
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid < 0) std::exit(3);
  if (pid == 0) _exit(work());
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

}  // namespace

int run_report(const Program& program, const Arguments& arguments) {
  const base::Result<sim::Trace> trace = read_trace(arguments.file);
  if (!trace) {
    std::fprintf(stderr, "%s: %s\n", program.name.c_str(), trace.error().detail.c_str());
    return 2;
  }
  warm_up(scenario_named(program, trace->plan.scenario));
  // What the code under test did last is known even if it ended its own process.
  void* const shared = mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) std::exit(3);
  auto* const turn_begun = new (shared) std::uint64_t(0);
  int status = status_of_child([&] { return write_page(program, arguments, *trace, 0, turn_begun, std::nullopt); });
  if (!WIFEXITED(status) && *turn_begun > 1) {
    const sim::Verdict died{sim::VerdictKind::crash, "process",
                            "the code under test ended itself in turn " + std::to_string(*turn_begun) + ": " + strsignal(WTERMSIG(status))};
    status = status_of_child([&] { return write_page(program, arguments, *trace, *turn_begun - 1, nullptr, died); });
  }
  if (!WIFEXITED(status)) {
    std::fprintf(stderr, "%s: the run ended its own process, and so it did again: there is no page\n", program.name.c_str());
    return 1;
  }
  return WEXITSTATUS(status) == kCannotWrite ? 2 : WEXITSTATUS(status);
}

}  // namespace runs
