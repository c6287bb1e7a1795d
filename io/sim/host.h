// io/sim/host.h: one machine's place in time: its events, and how busy it is.
//
// A machine executes one event after another. It starts none before `ready_at`: a turn that cost it time (a
// page read, a pause) makes the next one start later, while time in the rest of the world goes on. Within a
// turn the clock stands still, yet each disk call has an instant of its own: instant() is where the code that
// now runs stands, the turn's start plus what it has spent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/sim/decisions.h"
#include "io/sim/events.h"
#include "io/sim/faults.h"
#include "io/sim/turns.h"
#include "io/sim/virtual_time.h"

namespace io::sim {

// What all machines of a run share.
struct Universe {
  explicit Universe(std::uint64_t seed) : decisions(seed) {}
  std::uint64_t take_order() { return next_order++; }

  VirtualTime now;
  std::uint64_t next_order = 0;
  Decisions decisions;
  FaultCounters counters;
  Turns turns;
  EventQueue events;  // of the world itself: network handshakes and scheduled actions
};

// A latency by name.
base::Duration draw_latency(Decisions& decisions, std::string_view purpose, const Identity& identity, const Latency& latency);

class TurnEnd {
 public:
  virtual void end_turn() = 0;  // runs the hooks
 protected:
  ~TurnEnd() = default;
};

class Host {
 public:
  Host(Universe& universe, std::string_view name) : universe_(universe), name_(name), key_(sim::key(name)) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  Universe& universe() const { return universe_; }
  Decisions& decisions() const { return universe_.decisions; }
  void count(FaultKind kind, std::uint64_t times = 1) const { universe_.counters.count(kind, times); }
  const std::string& name() const { return name_; }
  std::uint64_t key() const { return key_; }
  std::uint64_t incarnation() const { return incarnation_; }  // from 1; grows at every start

  VirtualTime now() const { return universe_.now; }
  VirtualTime instant() const { return cursor_ > universe_.now ? cursor_ : universe_.now; }
  void spend(base::Duration time);
  bool is_in_turn() const { return in_turn_; }
  bool is_in_job() const { return in_job_; }

  void schedule(Event& event, VirtualTime at) { queue_.schedule(event, at, universe_.take_order()); }
  void cancel(Event& event) { queue_.cancel(event); }

  // Into the payload of the running turn's digest.
  void note(std::uint64_t value) { payload_ = base::mix64(payload_, value); }

  // For the simulation.
  bool has_event() const { return !queue_.is_empty(); }
  VirtualTime next_at() const { return queue_.first().at > ready_at_ ? queue_.first().at : ready_at_; }
  std::uint64_t next_order() const { return queue_.first().order; }
  void run_next();  // the universe's time is next_at()
  void pause_until(VirtualTime at);
  VirtualTime ready_at() const { return ready_at_; }
  void set_turn_end(TurnEnd* hooks) { hooks_ = hooks; }
  void begin_incarnation(VirtualTime at);
  void drop_events() { queue_.clear(); }

  NodeFaults faults;

 private:
  Universe& universe_;
  std::string name_;
  std::uint64_t key_;
  std::uint64_t incarnation_ = 0;
  EventQueue queue_;
  VirtualTime ready_at_;
  VirtualTime cursor_;  // of the code that runs, when later than the universe's time
  bool in_turn_ = false;
  bool in_job_ = false;
  std::uint64_t payload_ = 0;
  TurnEnd* hooks_ = nullptr;
};

// One life of a process, from start to crash. Everything made by its world refers to it.
struct Life {
  explicit Life(Host& of) : host(of), incarnation(of.incarnation()) {}
  Host& host;
  std::uint64_t incarnation;
  bool is_dead = false;  // from the crash on every call fails, and none has an effect
  int handles = 0;       // files, streams, listeners and queues not yet destroyed
};

// Counts itself among a life's handles.
class Handle {
 public:
  explicit Handle(Life& life) : life_(life) { ++life_.handles; }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { --life_.handles; }

 private:
  Life& life_;
};

}  // namespace io::sim
