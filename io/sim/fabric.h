// io/sim/fabric.h: all the machines of a run and the links between them.
//
// The network as nobody inside sees it: who is up, which links are cut, every open connection. Members use
// it through Network (network.h); whoever drives the run cuts and heals here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "io/sim/connection.h"
#include "io/sim/faults.h"
#include "io/sim/host.h"
#include "io/sim/wire.h"

namespace io::sim {

class Listener;

// One direction between two machines. From a machine to itself it is quick and has no faults.
struct Link {
  bool is_cut = false;
  LinkFaults faults;
  MillisecondOrdinal dials;
  VirtualTime busy_until;  // what was written has left by then, when the link has a rate

  // When so many bytes that are ready then have left, and takes the link for that long.
  VirtualTime transmit(std::size_t size, VirtualTime ready_at);
  // Of one connection: written and not yet read.
  std::size_t buffer_bytes() const;
};

class Fabric {
 public:
  explicit Fabric(Universe& universe) : universe_(universe) {}
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  // For whoever drives the run. All of it takes effect at once, and holds until it is changed.
  LinkFaults& faults(const Host& from, const Host& to) { return link(from, to).faults; }
  void set_all_faults(const LinkFaults& faults);  // every link between different machines, present and future
  void cut(const Host& from, const Host& to);     // this direction only; requires: different machines
  void heal(const Host& from, const Host& to);
  void heal_all();
  bool is_cut(const Host& from, const Host& to) { return link(from, to).is_cut; }
  void reset_connections(const Host& one, const Host& other);  // all open ones between the two
  std::size_t connection_count() const { return connections_.size(); }
  // Outlives the fabric. Null, as at first: nobody listens.
  void set_wire_listener(WireListener* listener) { wire_listener_ = listener; }

  // For the simulation.
  void add(Host& host);
  void start(Host& host, Life& life);
  void crash(Host& host, VirtualTime at, bool is_power_loss);

  // For connections and networks.
  Universe& universe() const { return universe_; }
  WireListener* wire_listener() const { return wire_listener_; }
  Link& link(const Host& from, const Host& to);
  Host* find(std::string_view name) const;  // null when there is none
  Life* life_of(const Host& host) const;    // null while it is down
  bool is_powered(const Host& host) const;
  Listener* listener(const Host& host, std::uint16_t port) const;
  // False when the port is taken.
  bool add_listener(const Host& host, std::uint16_t port, Listener& listener);
  void remove_listener(const Host& host, std::uint16_t port);
  std::uint16_t free_port(const Host& host) const;
  std::uint64_t add_connection(Connection& connection);
  void remove_connection(std::uint64_t serial) { connections_.erase(serial); }

 private:
  struct Machine {
    Host* host = nullptr;
    Life* life = nullptr;     // null while it is down
    bool is_powered = true;   // false after a power loss, until it starts again
    std::map<std::uint16_t, Listener*> listeners;
  };
  // Open connections with an end on this machine. Held alive, because telling one may end another.
  std::vector<std::shared_ptr<Connection>> connections_of(const Host& host) const;

  Universe& universe_;
  LinkFaults default_faults_;
  std::map<std::uint64_t, Machine> machines_;                      // by the host's key
  std::map<std::pair<std::uint64_t, std::uint64_t>, Link> links_;  // from and to, by the hosts' keys
  std::map<std::uint64_t, Connection*> connections_;               // in the order of dialling
  std::uint64_t next_serial_ = 0;
  WireListener* wire_listener_ = nullptr;
};

}  // namespace io::sim
