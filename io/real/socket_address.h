// io/real/socket_address.h: an IP address and a port, as the kernel takes them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "io/network.h"

namespace io::real {

class SocketAddress {
 public:
  SocketAddress() = default;
  // Requires: size <= sizeof(sockaddr_storage).
  SocketAddress(const sockaddr* address, socklen_t size);

  // Every interface, IPv6 and, where the socket allows it, IPv4.
  static SocketAddress any(int family, std::uint16_t port);
  // From a literal IPv4 or IPv6 address; nothing for a name.
  static std::optional<SocketAddress> from_literal(const Address& address);
  static SocketAddress of_socket(int fd);  // the local end
  static SocketAddress of_peer(int fd);    // the other end; empty when there is none any more

  int family() const { return storage_.ss_family; }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  // With an IPv4 address that came in over an IPv6 socket as IPv4.
  Address address() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// Asks the system's resolver and waits for it: off the loop, or at start. At least one address on success; the
// error names the host. IPv4 first: what `localhost` means to most configurations.
base::Result<std::vector<SocketAddress>> look_up(const Address& address);

// Advice to the kernel: a socket without it still works.
void set_option(int fd, int level, int option, int value);

}  // namespace io::real
