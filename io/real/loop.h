// io/real/loop.h: one thread, one epoll set, and the order of things within a turn.
//
//   wait -> read the clocks -> inputs -> due timers -> hooks of this turn -> end-of-turn hooks -> hand-off -> wait
//
// All inputs that one wait returned are one turn. Sources are named by an id, not by address: an input that was
// already fetched for a source destroyed meanwhile finds nobody and is dropped.
#pragma once

#include <cstdint>
#include <vector>

#include "io/loop.h"
#include "io/real/clock.h"
#include "io/real/descriptor.h"
#include "io/real/hooks.h"

namespace io::real {

// Whoever receives inputs: a stream, a listener, the way back from a helper thread.
class Source {
 public:
  // `events` as epoll reports them; 0 when called because of again(). May retire any source, itself included.
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Source() = default;
};

struct SourceId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  // 0: nobody
  friend bool operator==(SourceId, SourceId) = default;
};

class RealLoop final : public io::Loop {
 public:
  explicit RealLoop(RealClock& clock);

  void at_end_of_turn(EndOfTurn& hook) override { end_of_turn_.ask(hook); }
  void on_next_turn(EndOfTurn& hook) override { next_turn_.ask(hook); }
  void forget(EndOfTurn& hook) override;

  // One turn: waits for the first input or timer, at most `wait_max` (negative: for ever), and handles all there are.
  // What was asked for outside any turn is treated as asked for in a turn that ends first.
  void run_turn(base::Duration wait_max);

  // --- for the devices of this world ---
  SourceId enroll(Source& source);
  // Nothing is called any more. The caller closes its descriptor, which takes it out of the epoll set.
  void retire(SourceId id);
  bool is_enrolled(SourceId id) const;
  // Delivers `events` of `fd` to `id`. A source may watch one descriptor after another.
  void watch(SourceId id, int fd, std::uint32_t events);
  void watch_other(SourceId id, int fd, std::uint32_t events);  // changes what is watched for
  // Calls on_ready(0) on the next turn, which does not wait then. A retired source is not called.
  void again(SourceId id) { again_.push_back(id); }
  // Calls `hook` when this turn is over, after the last end-of-turn hook: where a batch goes to a helper thread.
  void at_hand_off(EndOfTurn& hook) { hand_off_.ask(hook); }

 private:
  struct Slot {
    Source* source = nullptr;  // null while free
    std::uint32_t generation = 1;
    std::uint32_t next_free = 0;
  };

  int wait_milliseconds(base::Duration wait_max) const;
  void deliver(SourceId id, std::uint32_t events);
  void finish_turn();

  RealClock& clock_;
  Descriptor epoll_;
  std::vector<Slot> slots_;
  std::uint32_t first_free_ = kNoSlot;
  static constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};

  Hooks end_of_turn_;
  Hooks hand_off_;
  Hooks next_turn_;
  Hooks this_turn_;  // next_turn_ of the turn before
  std::vector<SourceId> again_;
  std::vector<SourceId> again_now_;  // again_ of the turn before
};

}  // namespace io::real
