#include "io/real/network.h"

#include <utility>
#include <vector>

#include "io/real/listener.h"
#include "io/real/stream.h"

namespace io::real {

base::Result<std::unique_ptr<Listener>> RealNetwork::listen(const Address& address, ListenHandler& handler) {
  std::vector<SocketAddress> candidates;
  if (address.host.empty()) {
    // Where there is no IPv6, IPv4 alone.
    candidates = {SocketAddress::any(AF_INET6, address.port), SocketAddress::any(AF_INET, address.port)};
  } else if (const auto literal = SocketAddress::from_literal(address)) {
    candidates = {*literal};
  } else {
    base::Result<std::vector<SocketAddress>> found = look_up(address);
    if (!found) return base::fail(base::Code::invalid, "listen " + to_text(address) + ": " + found.error().detail);
    candidates = std::move(*found);
  }
  base::Result<std::unique_ptr<RealListener>> listener = RealListener::open(loop_, clock_, address, candidates, handler);
  if (!listener) return base::fail(std::move(listener.error()));
  return std::move(*listener);
}

std::unique_ptr<Stream> RealNetwork::connect(const Address& address, StreamHandler& handler) {
  return std::make_unique<RealStream>(loop_, resolver_, address, handler);
}

}  // namespace io::real
