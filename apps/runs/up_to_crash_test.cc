#include "apps/runs/up_to_crash.h"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "core/base/assert.h"

namespace runs {

namespace {

// Ends the process in that turn, if it may go on so far. Otherwise: the turn up to which it went, or 100 if nobody told it how the one before died.
int work(const Attempt& attempt, std::uint64_t fatal_turn) {
  std::signal(SIGABRT, SIG_DFL);
  std::uint64_t turn = 0;
  while (attempt.turns_max == 0 ? turn < 50 : turn < attempt.turns_max) {
    ++turn;
    if (attempt.turn_begun != nullptr) *attempt.turn_begun = turn;
    ASSERT(turn != fatal_turn);
  }
  const bool knows = attempt.died && attempt.died->message.find("in turn " + std::to_string(fatal_turn) + " ") != std::string::npos &&
                     attempt.died->message.find("ASSERT(turn != fatal_turn)") != std::string::npos;
  return attempt.turn_begun == nullptr && !knows ? 100 : static_cast<int>(turn);
}

}  // namespace

TEST_CASE("a run that ends its own process is told up to the turn before") {
  const auto run = [](std::uint64_t turns_max, std::uint64_t fatal_turn) {
    return run_up_to_crash(turns_max, [fatal_turn](const Attempt& attempt) { return work(attempt, fatal_turn); });
  };
  CHECK(run(0, 99) == std::optional(50));
  CHECK(run(20, 99) == std::optional(20));
  CHECK(run(20, 21) == std::optional(20));
  CHECK(run(20, 7) == std::optional(6));
  CHECK(run(0, 50) == std::optional(49));
  CHECK(run(0, 1) == std::nullopt);  // there is no turn before
}

}  // namespace runs
