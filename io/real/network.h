// io/real/network.h: TCP.
#pragma once

#include <memory>

#include "io/clock.h"
#include "io/network.h"
#include "io/real/loop.h"
#include "io/real/resolver.h"

namespace io::real {

// Literal addresses need no lookup; names are resolved off the loop for connect(), and at once, waiting, for
// listen(), which belongs to the start of a member.
class RealNetwork final : public io::Network {
 public:
  RealNetwork(RealLoop& loop, io::Clock& clock) : loop_(loop), clock_(clock), resolver_(loop) {}

  base::Result<std::unique_ptr<Listener>> listen(const Address& address, ListenHandler& handler) override;
  std::unique_ptr<Stream> connect(const Address& address, StreamHandler& handler) override;

 private:
  RealLoop& loop_;
  io::Clock& clock_;
  Resolver resolver_;
};

}  // namespace io::real
