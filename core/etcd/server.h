// core/etcd/server.h: one etcd member, on any world.
//
// The daemon and the simulator run this same class. It opens the member's log and store, runs consensus,
// publishes the member's attributes through the log, and only then serves clients (behaviour reference §7.4).
#pragma once

#include <memory>
#include <vector>

#include "core/base/result.h"
#include "core/etcd/config.h"
#include "io/completion.h"
#include "io/world.h"

namespace etcd {

// On turns of their own.
class ServerListener {
 public:
  // Clients are served: the log line `ready to serve client requests` was written this turn.
  virtual void on_ready() = 0;
  // The member cannot go on and has stopped serving; destroy it. The text is for the operator.
  virtual void on_failed(const base::Error& error) = 0;

 protected:
  ~ServerListener() = default;
};

class Server {
 public:
  // Requires: validate(config) succeeded.
  Server(const io::World& world, ServerConfig config, ServerListener& listener);
  // At any time: the crash of a simulated member too. Nothing completes afterwards.
  ~Server();

  // Binds its listeners, opens the files, and goes on by itself. on_ready() or on_failed() says what came of it.
  void start();

  // Graceful: refuses new requests, lets those in flight end within the request timeout, closes the connections.
  // `done` is told once, on a later turn; then the server may be destroyed. Once only.
  void stop(io::Completion& done);

  // The addresses bound, with the ports that were chosen. Requires: on_ready() was called.
  std::vector<io::Address> client_addresses() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace etcd
