// io/sim/simulation.h: many machines in one thread, under virtual time.
//
//   Simulation sim(seed);
//   Node& node = sim.add_node("m1");      // up, with a world of its own
//   … build something on node.world() …
//   sim.run_until([&] { return done; }, std::chrono::seconds(10));
//   node.crash(CrashKind::power_loss);    // its I/O is dead
//   … destroy what was built …
//   node.restart();                       // the next incarnation, on what the disk kept
//
// A run is a pure function of the seed, the faults and what is asked for from outside. step() handles one
// event; between steps whoever drives may look at everything and change everything.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/sim/fabric.h"
#include "io/sim/host.h"
#include "io/sim/node.h"
#include "io/sim/turns.h"

namespace io::sim {

class Simulation final {
 public:
  explicit Simulation(std::uint64_t seed);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Members and clients alike. The name is its host name and part of the identity of its decisions.
  // Requires: the name is new. Nodes are never removed.
  Node& add_node(std::string_view name);
  Node* find_node(std::string_view name);  // null when there is none
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }

  // Handles the next event, unless nothing is left or it lies after `limit`; then time becomes `limit`
  // (when that is a time at all). True when something was handled: turns().last() says what.
  bool step(VirtualTime limit = VirtualTime::never());
  // Until the predicate holds between two turns: true. Or until this much time has passed: false.
  template <typename Predicate>
  bool run_until(Predicate&& predicate, base::Duration at_most) {
    const VirtualTime limit = now() + at_most;
    for (;;) {
      if (predicate()) return true;
      if (!step(limit)) return predicate();
    }
  }
  void run_for(base::Duration time) {
    const VirtualTime limit = now() + time;
    while (step(limit)) {
    }
  }

  // From outside, at a time: crash, cut, jump. Runs between turns, before any turn at the same instant.
  void at(VirtualTime time, std::function<void()> action);
  void after(base::Duration time, std::function<void()> action) { at(now() + time, std::move(action)); }

  VirtualTime now() const { return universe_.now; }
  Decisions& decisions() { return universe_.decisions; }
  Turns& turns() { return universe_.turns; }
  const base::Hash128& digest() const { return universe_.turns.digest(); }
  const FaultCounters& counters() const { return universe_.counters; }
  Fabric& network() { return fabric_; }

  // Both directions between every pair of nodes in different groups; the others keep what they have.
  void partition(const std::vector<std::vector<Node*>>& groups);
  void heal() { fabric_.heal_all(); }

 private:
  class Action;
  Node* next_node(VirtualTime& at) const;

  Universe universe_;
  Fabric fabric_{universe_};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Action>> actions_;  // waiting, in no order that matters
};

}  // namespace io::sim
