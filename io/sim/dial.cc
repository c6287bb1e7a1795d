#include "io/sim/dial.h"

#include <algorithm>

#include "io/sim/network.h"

namespace io::sim {

Dial::Dial(Fabric& fabric, Connection& connection, std::uint16_t port)
    : Event(TurnKind::action), fabric_(fabric), connection_(connection), port_(port), began_at_(connection.host(0).instant()) {
  schedule(began_at_ - fabric.universe().now);
}

Identity Dial::identity(std::uint64_t step) const {
  return Identity{connection_.host(0).key(), connection_.host(1).key(), connection_.identity(), attempts_, step};
}

void Dial::schedule(base::Duration after) {
  Universe& universe = fabric_.universe();
  const Latency& latency = fabric_.link(connection_.host(0), connection_.host(1)).faults.latency;
  after += draw_latency(universe.decisions, "net.dial", identity(0), latency);
  universe.events.schedule(*this, universe.now + after, universe.take_order());
}

void Dial::fire() {
  Universe& universe = fabric_.universe();
  Host& dialer = connection_.host(0);
  Host& answerer = connection_.host(1);
  if (connection_.is_gone(0)) return;
  const bool is_cut = fabric_.is_cut(dialer, answerer) || fabric_.is_cut(answerer, dialer);
  if (is_cut) universe.counters.count(FaultKind::network_partition);
  if (is_cut || !fabric_.is_powered(answerer)) {
    if (universe.now - began_at_ >= kTimeout) {
      return connection_.refuse({base::Code::io, "connection timed out"}, universe.now);
    }
    return schedule(std::chrono::seconds(1) * (1 << std::min<std::uint64_t>(attempts_++, 3)));
  }
  const Latency& back = fabric_.link(answerer, dialer).faults.latency;
  const VirtualTime told_at = universe.now + draw_latency(universe.decisions, "net.dial", identity(1), back);
  Listener* const listener = fabric_.listener(answerer, port_);
  if (listener == nullptr) {
    universe.counters.count(FaultKind::connect_refused);
    return connection_.refuse({base::Code::io, "connection refused"}, told_at);
  }
  connection_.establish(told_at);
  listener->offer(connection_.shared_from_this());
}

}  // namespace io::sim
