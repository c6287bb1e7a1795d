#include "apps/runs/up_to_crash.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "apps/runs/stderr_tap.h"

namespace runs {

namespace {

int status_of_child(const std::function<int(const Attempt&)>& work, const Attempt& attempt, StderrTap& said) {
  std::fflush(stdout);
  said.open();
  const pid_t pid = fork();
  if (pid < 0) std::exit(3);
  if (pid == 0) {
    said.in_child();
    const int code = work(attempt);
    std::fflush(stdout);
    _exit(code);
  }
  said.in_parent();
  said.drain();
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

}  // namespace

sim::RunOptions story_of(const Attempt& attempt) {
  sim::RunOptions options;
  options.keep_story = true;
  options.turns_max = attempt.turns_max;
  options.turn_begun = attempt.turn_begun;
  return options;
}

std::optional<int> run_up_to_crash(std::uint64_t turns_max, const std::function<int(const Attempt&)>& work) {
  // What the code under test did last is known even if it ended its own process.
  void* const shared = mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) std::exit(3);
  auto* const turn_begun = new (shared) std::uint64_t(0);
  StderrTap said;
  int status = status_of_child(work, {turns_max, turn_begun}, said);
  if (!WIFEXITED(status) && *turn_begun > 1) {
    const std::uint64_t last = *turn_begun - 1;
    const sim::Verdict died{sim::VerdictKind::crash, "process", "in turn " + std::to_string(*turn_begun) + " " + crash_text(status, said.text())};
    status = status_of_child(work, {last, nullptr, died}, said);
  }
  munmap(shared, sizeof(std::uint64_t));
  return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
}

}  // namespace runs
