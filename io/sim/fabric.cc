#include "io/sim/fabric.h"

#include <algorithm>

#include "core/base/assert.h"

namespace io::sim {

namespace {
constexpr std::uint16_t kFirstFreePort = 49'152;
constexpr std::size_t kSlowBufferBytesMin = 16U << 10U;

LinkFaults loopback() {
  LinkFaults faults;
  faults.latency = {std::chrono::microseconds(5), std::chrono::microseconds(20)};
  return faults;
}
}  // namespace

VirtualTime Link::transmit(std::size_t size, VirtualTime ready_at) {
  const std::uint64_t rate = faults.bytes_per_second;
  if (rate == 0) return ready_at;
  const std::uint64_t nanoseconds = (size * 1'000'000'000U + rate - 1) / rate;
  busy_until = std::max(busy_until, ready_at) + base::Duration(static_cast<std::int64_t>(nanoseconds));
  return busy_until;
}

// As much as keeps the link busy: what waits for a narrow link waits at its writer, as with any TCP that does not fill the
// buffers of others on the way.
std::size_t Link::buffer_bytes() const {
  if (faults.bytes_per_second == 0) return Connection::kBufferBytes;
  return std::clamp(static_cast<std::size_t>(faults.bytes_per_second / 10), kSlowBufferBytesMin, Connection::kBufferBytes);
}

void Fabric::add(Host& host) {
  const bool is_new = machines_.emplace(host.key(), Machine{&host, nullptr, true, {}}).second;
  ASSERT(is_new);  // names are unique
}

Link& Fabric::link(const Host& from, const Host& to) {
  const auto [found, is_new] = links_.try_emplace({from.key(), to.key()});
  if (is_new) found->second.faults = &from == &to ? loopback() : default_faults_;
  return found->second;
}

void Fabric::set_all_faults(const LinkFaults& faults) {
  default_faults_ = faults;
  for (auto& [ends, link] : links_) {
    if (ends.first != ends.second) link.faults = faults;
  }
}

std::vector<std::shared_ptr<Connection>> Fabric::connections_of(const Host& host) const {
  std::vector<std::shared_ptr<Connection>> found;
  for (const auto& [serial, connection] : connections_) {
    if (&connection->host(0) == &host || &connection->host(1) == &host) found.push_back(connection->shared_from_this());
  }
  return found;
}

void Fabric::cut(const Host& from, const Host& to) {
  ASSERT(&from != &to);
  Link& direction = link(from, to);
  if (direction.is_cut) return;
  direction.is_cut = true;
  for (const std::shared_ptr<Connection>& connection : connections_of(to)) {
    for (const int end : {0, 1}) {
      if (&connection->host(end) == &to && &connection->host(1 - end) == &from) connection->on_link_cut(end);
    }
  }
}

void Fabric::heal(const Host& from, const Host& to) {
  Link& direction = link(from, to);
  if (!direction.is_cut) return;
  direction.is_cut = false;
  for (const std::shared_ptr<Connection>& connection : connections_of(to)) {
    for (const int end : {0, 1}) {
      if (&connection->host(end) == &to && &connection->host(1 - end) == &from) connection->on_link_healed(end);
    }
  }
}

void Fabric::heal_all() {
  for (const auto& [from_key, from] : machines_) {
    for (const auto& [to_key, to] : machines_) heal(*from.host, *to.host);
  }
}

void Fabric::reset_connections(const Host& one, const Host& other) {
  for (const std::shared_ptr<Connection>& connection : connections_of(one)) {
    for (const int end : {0, 1}) {
      if (&connection->host(end) == &one && &connection->host(1 - end) == &other) connection->reset("connection reset by peer");
    }
  }
}

void Fabric::start(Host& host, Life& life) {
  Machine& machine = machines_.at(host.key());
  ASSERT(machine.life == nullptr);
  machine.life = &life;
  machine.is_powered = true;
  for (const std::shared_ptr<Connection>& connection : connections_of(host)) {
    for (const int end : {0, 1}) {
      if (&connection->host(end) == &host) connection->host_back(end);
    }
  }
}

void Fabric::crash(Host& host, VirtualTime at, bool is_power_loss) {
  Machine& machine = machines_.at(host.key());
  machine.life = nullptr;
  machine.is_powered = !is_power_loss;
  machine.listeners.clear();
  for (const std::shared_ptr<Connection>& connection : connections_of(host)) {
    for (const int end : {0, 1}) {
      if (&connection->host(end) != &host) continue;
      const Identity identity{host.key(), host.incarnation(), connection->identity()};
      const bool is_silent = is_power_loss && universe_.decisions.happens("net.half_open", identity, host.faults.half_open_per_million);
      connection->crash(end, at, !is_silent);
    }
  }
}

Host* Fabric::find(std::string_view name) const {
  const auto found = machines_.find(key(name));
  return found == machines_.end() ? nullptr : found->second.host;
}

Life* Fabric::life_of(const Host& host) const { return machines_.at(host.key()).life; }

bool Fabric::is_powered(const Host& host) const { return machines_.at(host.key()).is_powered; }

Listener* Fabric::listener(const Host& host, std::uint16_t port) const {
  const auto& listeners = machines_.at(host.key()).listeners;
  const auto found = listeners.find(port);
  return found == listeners.end() ? nullptr : found->second;
}

bool Fabric::add_listener(const Host& host, std::uint16_t port, Listener& listener) {
  return machines_.at(host.key()).listeners.emplace(port, &listener).second;
}

void Fabric::remove_listener(const Host& host, std::uint16_t port) { machines_.at(host.key()).listeners.erase(port); }

std::uint16_t Fabric::free_port(const Host& host) const {
  std::uint16_t port = kFirstFreePort;
  while (listener(host, port) != nullptr) ++port;
  return port;
}

std::uint64_t Fabric::add_connection(Connection& connection) {
  connections_.emplace(next_serial_, &connection);
  return next_serial_++;
}

}  // namespace io::sim
