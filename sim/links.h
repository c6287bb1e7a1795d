// sim/links.h: what is wrong with the links of a run.
//
// Several actions may cut one link, and the first of them to end does not heal it. A link that is slow is as slow as
// the action that came last has made it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "io/sim/simulation.h"
#include "sim/plan.h"
#include "sim/rates.h"

namespace sim {

// The links that an action cuts, each as (from, to), by member.
std::vector<std::pair<std::uint32_t, std::uint32_t>> cut_by(const Action& action, std::uint32_t members);

// The partition that is meant for whoever leads, now that it is known who does: `action.member` has its place, and it has that one's.
Action aimed_at(std::uint32_t leader, const Action& action);

class Links {
 public:
  // All references outlive the links. The nodes are added before start().
  Links(io::sim::Simulation& sim, const Faults& faults) : sim_(sim), faults_(faults) {}
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;
  void add_member(io::sim::Node& node) { members_.push_back(&node); }
  void add_client(io::sim::Node& node) { clients_.push_back(&node); }

  // From the beginning: the chances of the plan.
  void start();
  // Requires: an action on links.
  void begin(const Action& action);

  // Nothing is wrong any more. What has begun ends without another effect.
  void heal();
  // For good: from all other members, or from everybody.
  void cut_off(std::uint32_t member, bool from_clients_too);

 private:
  using Direction = std::pair<std::uint32_t, std::uint32_t>;  // from and to, by member
  struct State {
    std::uint32_t cuts = 0;
    std::uint32_t slowdowns = 0;
  };

  void after(base::Duration time, std::function<void()> end);
  void cut_client(const Action& action);
  void cut(const std::vector<Direction>& directions);
  void mend(const std::vector<Direction>& directions);
  void slow_down(const Action& action);
  void both_ways(io::sim::Node& one, io::sim::Node& other, bool is_cut);

  io::sim::Simulation& sim_;
  const Faults& faults_;
  std::vector<io::sim::Node*> members_;
  std::vector<io::sim::Node*> clients_;
  std::map<Direction, State> states_;
  bool is_calm_ = false;
};

}  // namespace sim
