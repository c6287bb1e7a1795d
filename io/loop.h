// io/loop.h: the end of a turn.
//
// A turn handles one input (or, in io/real, all inputs that one wait returned) to the end. What should
// happen once per turn however many inputs it had, such as sending a connection's output or proposing a
// batch, is asked for here.
#pragma once

namespace io {

class EndOfTurn {
 public:
  virtual void on_end_of_turn() = 0;

 protected:
  ~EndOfTurn() = default;
};

class Loop {
 public:
  virtual ~Loop() = default;

  // Calls `hook` once before this turn ends, after the inputs and after hooks asked for earlier. A hook
  // may ask for further hooks, itself included: they run in the same turn. Its owner outlives the turn,
  // or calls forget(). Asking twice before it ran counts once: the caller keeps track by a flag.
  virtual void at_end_of_turn(EndOfTurn& hook) = 0;

  // Calls `hook` on a later turn, as soon as there is one: how long work is cut into slices.
  virtual void on_next_turn(EndOfTurn& hook) = 0;

  // Drops every call still owed to `hook`.
  virtual void forget(EndOfTurn& hook) = 0;
};

}  // namespace io
