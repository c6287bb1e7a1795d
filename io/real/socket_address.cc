#include "io/real/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/assert.h"
#include "io/real/errors.h"

namespace io::real {

namespace {

SocketAddress from_v4(const sockaddr_in& v4) { return SocketAddress(reinterpret_cast<const sockaddr*>(&v4), sizeof v4); }
SocketAddress from_v6(const sockaddr_in6& v6) { return SocketAddress(reinterpret_cast<const sockaddr*>(&v6), sizeof v6); }

std::string ip_text(int family, const void* ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ASSERT(::inet_ntop(family, ip, text.data(), text.size()) != nullptr);
  return text.data();
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) : size_(size) {
  ASSERT(size <= sizeof storage_);
  std::memcpy(&storage_, address, size);
}

SocketAddress SocketAddress::any(int family, std::uint16_t port) {
  if (family == AF_INET6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_any;
    return from_v6(v6);
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  return from_v4(v4);
}

std::optional<SocketAddress> SocketAddress::from_literal(const Address& address) {
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    return from_v4(v4);
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    return from_v6(v6);
  }
  return std::nullopt;
}

SocketAddress SocketAddress::of_socket(int fd) {
  SocketAddress result;
  result.size_ = sizeof result.storage_;
  ASSERT(::getsockname(fd, reinterpret_cast<sockaddr*>(&result.storage_), &result.size_) == 0);
  return result;
}

SocketAddress SocketAddress::of_peer(int fd) {
  SocketAddress result;
  result.size_ = sizeof result.storage_;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&result.storage_), &result.size_) != 0) return SocketAddress();
  return result;
}

Address SocketAddress::address() const {
  if (family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage_, sizeof v4);
    return Address{ip_text(AF_INET, &v4.sin_addr), ntohs(v4.sin_port)};
  }
  if (family() == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage_, sizeof v6);
    const std::uint16_t port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return Address{ip_text(AF_INET, &v6.sin6_addr.s6_addr[12]), port};
    return Address{ip_text(AF_INET6, &v6.sin6_addr), port};
  }
  return Address{};
}

base::Result<std::vector<SocketAddress>> look_up(const Address& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (result != 0) {
    const std::string reason = result == EAI_SYSTEM ? reason_text(errno) : std::string(::gai_strerror(result));
    return base::fail(base::Code::io, "look up " + address.host + ": " + reason);
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET || each->ai_family == AF_INET6) addresses.emplace_back(each->ai_addr, each->ai_addrlen);
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return base::fail(base::Code::io, "look up " + address.host + ": no address");
  std::stable_partition(addresses.begin(), addresses.end(), [](const SocketAddress& each) { return each.family() == AF_INET; });
  return addresses;
}

void set_option(int fd, int level, int option, int value) { static_cast<void>(::setsockopt(fd, level, option, &value, sizeof value)); }

}  // namespace io::real
