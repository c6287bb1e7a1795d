// io/sim/dial.h: a request for a connection on its way through the network.
//
// An event of the world, not of a member: the kernels of both sides answer without their processes.
#pragma once

#include <cstdint>

#include "io/sim/connection.h"
#include "io/sim/events.h"
#include "io/sim/fabric.h"

namespace io::sim {

class Dial final : public Event {
 public:
  // Nobody answers for this long: the dialer is told that the connection timed out.
  static constexpr base::Duration kTimeout = std::chrono::seconds(20);

  // Owned by the connection, whose end 0 dials.
  Dial(Fabric& fabric, Connection& connection, std::uint16_t port);
  ~Dial() { fabric_.universe().events.cancel(*this); }
  void fire() override;

 private:
  Identity identity(std::uint64_t step) const;
  void schedule(base::Duration after);

  Fabric& fabric_;
  Connection& connection_;
  std::uint16_t port_;
  VirtualTime began_at_;
  std::uint64_t attempts_ = 0;
};

}  // namespace io::sim
