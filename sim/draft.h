// sim/draft.h: a seed's plan while it is drawn, for whoever brings a workload and nothing else: what clients do are lines of the plan.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim {

// What happens to a client's process, as a line: `!kill 300`, `!pause 2000`, in milliseconds.
struct Disturbance {
  base::Duration at{};
  bool is_kill = false;
  base::Duration lasting{};
};
std::string to_text(const Disturbance& disturbance);
// nullopt: the line is something else. invalid: it looks like one, and is none.
base::Result<std::optional<Disturbance>> parse_disturbance(const Operation& line);

class Draft {
 public:
  // Requires: the plan says how many clients there are, unless set_processes() does, and when the faults end.
  Draft(io::sim::Decisions& decisions, Plan& plan) : decisions_(decisions), plan_(plan) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // Of clients: from one to eight, drawn, unless it is said.
  std::uint32_t processes() const { return plan_.clients; }
  void set_processes(std::uint32_t count) { plan_.clients = count; }
  base::Duration faults_until() const { return plan_.faults_until; }

  // Lines of a process are taken one after the other, each not before its time. One in the calm, from faults_until() on, is sure to meet a
  // group that recovers. Requires: no line break, and no exclamation mark in front.
  void add(std::uint32_t process, base::Duration at, std::string what);
  // Processes are killed and start again, and stop for a while without a notice. Not without this call.
  void disturb_processes();

  // By name, like all that is drawn.
  std::uint64_t below(std::string_view purpose, const io::sim::Identity& identity, std::uint64_t bound) {
    return decisions_.below(purpose, identity, bound);
  }
  base::Duration between(std::string_view purpose, const io::sim::Identity& identity, base::Duration first, base::Duration last) {
    return decisions_.between(purpose, identity, first, last);
  }

  // The plan's lines by process and time: when all are drawn.
  void sort();

 private:
  void add_line(std::uint32_t process, base::Duration at, std::string what);

  io::sim::Decisions& decisions_;
  Plan& plan_;
  std::map<std::uint32_t, std::uint32_t> numbers_;  // of the next line, by process
};

// The whole plan of a seed: mostly three or five members, one to eight processes, fifty seconds in which things go wrong within the budget and
// fifty of calm; `draw_sizes` says how large the members' things are, `draw` what clients do.
Plan drafted_plan(std::string_view scenario, std::uint64_t seed, void (*draw_sizes)(io::sim::Decisions&, Plan&),
                  void (*draw)(Draft&));

}  // namespace sim
