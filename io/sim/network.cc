#include "io/sim/network.h"

#include <array>
#include <string>
#include <utility>

#include "core/base/assert.h"

namespace io::sim {

namespace {

bool is_local_name(std::string_view host) {
  constexpr std::array<std::string_view, 6> kNames = {"", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"};
  for (const std::string_view name : kNames) {
    if (host == name) return true;
  }
  return false;
}

}  // namespace

base::Result<std::unique_ptr<io::Listener>> Network::listen(const Address& address, ListenHandler& handler) {
  ASSERT(!life_.host.is_in_job());
  if (life_.is_dead) return base::fail(base::Code::io, "the machine has crashed");
  if (!is_local_name(address.host) && address.host != life_.host.name()) {
    return base::fail(base::Code::invalid, "listen " + to_text(address) + ": cannot assign requested address");
  }
  Address chosen = address;
  if (chosen.port == 0) chosen.port = fabric_.free_port(life_.host);
  if (fabric_.listener(life_.host, chosen.port) != nullptr) {
    return base::fail(base::Code::io, "listen " + to_text(address) + ": address already in use");
  }
  return std::make_unique<Listener>(life_, fabric_, std::move(chosen), handler);
}

std::unique_ptr<io::Stream> Network::connect(const Address& address, StreamHandler& handler) {
  ASSERT(!life_.host.is_in_job());
  Host& self = life_.host;
  Host* const target = is_local_name(address.host) ? &self : fabric_.find(address.host);
  Host& answerer = target == nullptr ? self : *target;
  const std::uint64_t millisecond = self.instant().millisecond();
  const Identity identity{life_.incarnation, millisecond, fabric_.link(self, answerer).dials.next(millisecond)};
  const Address from{self.name(), static_cast<std::uint16_t>(32'768 + identity.hash() % 28'000)};
  auto connection =
      std::make_shared<Connection>(fabric_, self, answerer, identity.hash(), to_text(from), to_text(address));
  connection->attach(0, life_, &handler);
  auto stream = std::make_unique<Stream>(connection, 0, life_);
  if (life_.is_dead) return stream;
  self.note(identity.hash());
  if (target == nullptr) {
    connection->refuse({base::Code::io, "connect " + to_text(address) + ": no such host"}, self.instant());
  } else {
    connection->dial(address.port);
  }
  return stream;
}

Listener::Listener(Life& life, Fabric& fabric, Address address, ListenHandler& handler)
    : life_(life), fabric_(fabric), handle_(life), address_(std::move(address)), handler_(handler) {
  const bool is_free = fabric_.add_listener(life.host, address_.port, *this);
  ASSERT(is_free);
}

Listener::~Listener() {
  life_.host.cancel(accept_);
  if (life_.is_dead) return;
  fabric_.remove_listener(life_.host, address_.port);
  for (const std::shared_ptr<Connection>& waiting : backlog_) waiting->crash(1, life_.host.instant(), true);
}

void Listener::offer(std::shared_ptr<Connection> connection) {
  backlog_.push_back(std::move(connection));
  if (!accept_.is_scheduled()) life_.host.schedule(accept_, life_.host.now());
}

void Listener::accept_first() {
  if (backlog_.empty()) return;
  const std::shared_ptr<Connection> connection = std::move(backlog_.front());
  backlog_.pop_front();
  if (!backlog_.empty()) life_.host.schedule(accept_, life_.host.now());
  life_.host.note(connection->identity());
  connection->attach(1, life_, nullptr);
  handler_.on_accept(std::make_unique<Stream>(connection, 1, life_));
}

}  // namespace io::sim
