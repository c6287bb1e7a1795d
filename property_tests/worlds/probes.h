// property_tests/worlds/probes.h: the smallest users of each interface, which write down what happened to them.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "io/clock.h"
#include "io/completion.h"
#include "io/loop.h"

namespace property_tests::worlds {

using Action = std::function<void()>;

// A timer, a hook and a completion that do what the test says.
struct TimerProbe final : io::Timer {
  explicit TimerProbe(Action on_fire = {}) : action(std::move(on_fire)) {}
  void on_timer() override {
    ++fired;
    if (action) action();
  }
  Action action;
  int fired = 0;
};

struct HookProbe final : io::EndOfTurn {
  explicit HookProbe(Action on_call = {}) : action(std::move(on_call)) {}
  void on_end_of_turn() override {
    ++called;
    if (action) action();
  }
  Action action;
  int called = 0;
};

struct CompletionProbe final : io::Completion {
  explicit CompletionProbe(Action on_complete = {}) : action(std::move(on_complete)) {}
  void complete(base::Status answer) override {
    ++completed;
    status = std::move(answer);
    if (action) action();
  }
  Action action;
  int completed = 0;
  base::Status status;
};

// Runs `body` inside a turn of the member that owns `clock`: as a timer that is due.
class InTurn {
 public:
  InTurn(io::Clock& clock, Action body) : clock_(clock), timer_(std::move(body)) { clock_.arm(timer_, clock_.now()); }
  ~InTurn() { clock_.disarm(timer_); }
  InTurn(const InTurn&) = delete;
  InTurn& operator=(const InTurn&) = delete;
  bool is_done() const { return timer_.fired > 0; }

 private:
  io::Clock& clock_;
  TimerProbe timer_;
};

}  // namespace property_tests::worlds
