#include "io/sim/simulation.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace io::sim {

class Simulation::Action final : public Event {
 public:
  Action(Simulation& simulation, std::function<void()> action)
      : Event(TurnKind::action), simulation_(simulation), action_(std::move(action)) {}
  void fire() override {
    auto& all = simulation_.actions_;
    const auto self = std::find_if(all.begin(), all.end(), [this](const auto& other) { return other.get() == this; });
    ASSERT(self != all.end());
    const std::unique_ptr<Action> keep = std::move(*self);
    all.erase(self);
    action_();
  }

 private:
  Simulation& simulation_;
  std::function<void()> action_;
};

Simulation::Simulation(std::uint64_t seed) : universe_(seed) {}

Simulation::~Simulation() {
  universe_.events.clear();
  // A connection knows the machines of both its ends, so all programs go before the first machine does.
  for (const std::unique_ptr<Node>& node : nodes_) node->end();
}

Node& Simulation::add_node(std::string_view name) {
  nodes_.push_back(std::make_unique<Node>(universe_, fabric_, name));
  return *nodes_.back();
}

Node* Simulation::find_node(std::string_view name) {
  for (const std::unique_ptr<Node>& node : nodes_) {
    if (node->name() == name) return node.get();
  }
  return nullptr;
}

void Simulation::at(VirtualTime time, std::function<void()> action) {
  ASSERT(time >= now());
  actions_.push_back(std::make_unique<Action>(*this, std::move(action)));
  universe_.events.schedule(*actions_.back(), time, universe_.take_order());
}

// The node whose next event comes first; among equal times the one that was scheduled first.
Node* Simulation::next_node(VirtualTime& at) const {
  Node* first = nullptr;
  for (const std::unique_ptr<Node>& node : nodes_) {
    const Host& host = node->host();
    if (!host.has_event()) continue;
    const VirtualTime next = host.next_at();
    if (first != nullptr && (next > at || (next == at && host.next_order() > first->host().next_order()))) continue;
    first = node.get();
    at = next;
  }
  return first;
}

bool Simulation::step(VirtualTime limit) {
  VirtualTime at;
  Node* const node = next_node(at);
  const bool has_event = !universe_.events.is_empty();
  const bool is_of_world = has_event && (node == nullptr || universe_.events.first().at <= at);
  if (is_of_world) at = universe_.events.first().at;
  if ((node == nullptr && !has_event) || at > limit) {
    if (limit != VirtualTime::never()) universe_.now = std::max(universe_.now, limit);
    return false;
  }
  universe_.now = std::max(universe_.now, at);
  if (is_of_world) {
    universe_.events.take_first().fire();
    universe_.turns.add(universe_.now, 0, TurnKind::action, 0);
  } else {
    node->host().run_next();
  }
  return true;
}

void Simulation::partition(const std::vector<std::vector<Node*>>& groups) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t j = 0; j < groups.size(); ++j) {
      if (i == j) continue;
      for (Node* const from : groups[i]) {
        for (Node* const to : groups[j]) fabric_.cut(from->host(), to->host());
      }
    }
  }
}

}  // namespace io::sim
