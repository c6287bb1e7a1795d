#include "apps/lockstepd/machine.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "io/real/descriptor.h"

namespace lockstepd {

std::string default_host() {
  // A datagram socket that is connected has an address of its own, and no packet has left.
  const io::real::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(9);
  if (::inet_pton(AF_INET, "192.0.2.1", &there.sin_addr) != 1) return "";  // reserved for documentation (RFC 5737)
  if (!socket.is_open() || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) return "";
  sockaddr_in here{};
  socklen_t size = sizeof here;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&here), &size) != 0) return "";
  char text[INET_ADDRSTRLEN] = "";
  if (::inet_ntop(AF_INET, &here.sin_addr, text, sizeof text) == nullptr) return "";
  return text;
}

void notify_supervisor(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un there{};
  if (path == nullptr || *path == '\0' || std::strlen(path) >= sizeof there.sun_path) return;
  there.sun_family = AF_UNIX;
  std::memcpy(there.sun_path, path, std::strlen(path));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  if (there.sun_path[0] == '@') there.sun_path[0] = '\0';  // an abstract one
  const io::real::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return;
  // Best effort by design: a supervisor that does not hear it decides by its own timeout.
  const ssize_t sent =
      ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&there), size);
  static_cast<void>(sent);
}

void keep_heap_small() {
#ifdef M_MMAP_THRESHOLD  // glibc's; set, neither grows with what is freed
  static_cast<void>(::mallopt(M_MMAP_THRESHOLD, 1 << 20));
  static_cast<void>(::mallopt(M_TRIM_THRESHOLD, 16 << 20));  // or the heap would shrink and grow with every burst
#endif
}

void end_by_signal(int signal) {
  if (::getpid() == 1) std::_Exit(0);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(128 + signal);  // blocked by whoever started us
}

}  // namespace lockstepd
