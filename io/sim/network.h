// io/sim/network.h: the network of one process. A node's name is its host name.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "io/network.h"
#include "io/sim/connection.h"
#include "io/sim/fabric.h"
#include "io/sim/host.h"

namespace io::sim {

class Network final : public io::Network {
 public:
  Network(Life& life, Fabric& fabric) : life_(life), fabric_(fabric) {}

  // The host is "", "localhost", an address of loopback or all interfaces, or this node's name.
  base::Result<std::unique_ptr<io::Listener>> listen(const Address& address, ListenHandler& handler) override;
  std::unique_ptr<io::Stream> connect(const Address& address, StreamHandler& handler) override;

 private:
  Life& life_;
  Fabric& fabric_;
};

class Listener final : public io::Listener {
 public:
  Listener(Life& life, Fabric& fabric, Address address, ListenHandler& handler);
  ~Listener() override;
  Address address() const override { return address_; }

  // A connection is complete in the kernel; the process gets it on a turn.
  void offer(std::shared_ptr<Connection> connection);

 private:
  class Accept final : public Event {
   public:
    explicit Accept(Listener& listener) : Event(TurnKind::accepted), listener_(listener) {}
    void fire() override { listener_.accept_first(); }

   private:
    Listener& listener_;
  };
  void accept_first();

  Life& life_;
  Fabric& fabric_;
  Handle handle_;
  Address address_;
  ListenHandler& handler_;
  std::deque<std::shared_ptr<Connection>> backlog_;
  Accept accept_{*this};
};

}  // namespace io::sim
