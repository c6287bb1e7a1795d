#include "io/real/listener.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "core/base/assert.h"
#include "io/real/errors.h"
#include "io/real/stream.h"

namespace io::real {

namespace {

constexpr int kBacklogCount = 4096;  // the kernel lowers it to net.core.somaxconn
// A storm of new connections must not starve the ones that are there; the rest is accepted on the next turn.
constexpr int kAcceptCountPerTurn = 64;
// Out of descriptors or memory: connections wait in the backlog meanwhile.
constexpr base::Duration kPauseAfterShortage = std::chrono::milliseconds(100);

Descriptor bound(const SocketAddress& candidate, int& error_number) {
  Descriptor socket(::socket(candidate.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) {
    error_number = errno;
    return socket;
  }
  // A restarted member takes its port back at once, although old connections linger in TIME_WAIT.
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (candidate.family() == AF_INET6) set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // Accepted sockets inherit these two, which saves two calls for each of them.
  set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  if (::bind(socket.get(), candidate.data(), candidate.size()) != 0 || ::listen(socket.get(), kBacklogCount) != 0) {
    error_number = errno;
    socket.reset();
  }
  return socket;
}

// The peer gave up while it waited in the backlog, or the network had trouble of its own (accept(2)).
bool concerns_one_connection(int error_number) {
  return error_number == ECONNABORTED || error_number == EINTR || error_number == EPROTO || error_number == EPERM ||
         error_number == ENETDOWN || error_number == ENETUNREACH || error_number == EHOSTDOWN ||
         error_number == EHOSTUNREACH || error_number == ENOPROTOOPT || error_number == ENONET ||
         error_number == EOPNOTSUPP || error_number == ETIMEDOUT;
}

}  // namespace

base::Result<std::unique_ptr<RealListener>> RealListener::open(RealLoop& loop, io::Clock& clock, const Address& address,
                                                               const std::vector<SocketAddress>& candidates,
                                                               ListenHandler& handler) {
  ASSERT(!candidates.empty());
  int error_number = 0;
  for (const SocketAddress& candidate : candidates) {
    Descriptor socket = bound(candidate, error_number);
    if (socket.is_open()) return std::make_unique<RealListener>(loop, clock, std::move(socket), handler);
  }
  return base::fail(error_of(error_number, "listen " + to_text(address)));
}

RealListener::RealListener(RealLoop& loop, io::Clock& clock, Descriptor socket, ListenHandler& handler)
    : loop_(loop), clock_(clock), handler_(handler), id_(loop.enroll(*this)), socket_(std::move(socket)) {
  loop_.watch(id_, socket_.get(), EPOLLIN);
}

RealListener::~RealListener() {
  clock_.disarm(*this);
  loop_.retire(id_);
}

void RealListener::on_ready(std::uint32_t /*events*/) {
  RealLoop& loop = loop_;
  const SourceId id = id_;
  for (int i = 0; i < kAcceptCountPerTurn; ++i) {
    sockaddr_storage storage{};
    auto* const peer = reinterpret_cast<sockaddr*>(&storage);
    socklen_t size = sizeof storage;
    Descriptor socket(::accept4(socket_.get(), peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) {
      const int error_number = errno;
      if (concerns_one_connection(error_number)) continue;
      if (error_number == EAGAIN) return;
      // Level-triggered, it would be reported at once again, and the loop would spin.
      loop_.watch_other(id_, socket_.get(), 0);
      clock_.arm(*this, clock_.now() + kPauseAfterShortage);
      return;
    }
    handler_.on_accept(std::make_unique<RealStream>(loop_, std::move(socket), SocketAddress(peer, size)));
    if (!loop.is_enrolled(id)) return;  // the handler destroyed this listener
  }
}

void RealListener::on_timer() { loop_.watch_other(id_, socket_.get(), EPOLLIN); }

}  // namespace io::real
