// io/sim/loop.h: hooks at the end of a turn and on later turns.
#pragma once

#include <cstddef>
#include <vector>

#include "io/loop.h"
#include "io/sim/host.h"

namespace io::sim {

class Loop final : public io::Loop, public TurnEnd {
 public:
  explicit Loop(Life& life) : life_(life) {}
  ~Loop() override { life_.host.cancel(event_); }

  // Asked for between turns (by a test, say), a hook gets a turn soon.
  void at_end_of_turn(io::EndOfTurn& hook) override;
  void on_next_turn(io::EndOfTurn& hook) override;  // each hook gets a turn of its own
  void forget(io::EndOfTurn& hook) override;

  void end_turn() override;

 private:
  class NextTurn final : public Event {
   public:
    explicit NextTurn(Loop& loop) : Event(TurnKind::next_turn), loop_(loop) {}
    void fire() override { loop_.run_one_later(); }

   private:
    Loop& loop_;
  };
  void run_one_later();
  void want_turn();

  Life& life_;
  NextTurn event_{*this};
  std::vector<io::EndOfTurn*> ending_;  // null where forgotten
  std::vector<io::EndOfTurn*> later_;   // in the order of asking
};

}  // namespace io::sim
