// core/etcd/server.h: one etcd member, on any world.
//
// The daemon and the simulator run this same class. It opens the member's log and store, runs consensus,
// publishes the member's attributes through the log, and only then serves clients (behaviour reference §7.4).
#pragma once

#include <memory>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/etcd/config.h"
#include "io/completion.h"
#include "io/world.h"

namespace etcd {

// On turns of their own, but for on_identified().
class ServerListener {
 public:
  // Which member this is, as its log says or the group that it joins; said before it promises anything, and perhaps again. Nothing of the
  // server may be called from it.
  virtual void on_identified(base::MemberId member) { static_cast<void>(member); }
  // Clients are served; the log line `ready to serve client requests` has been written.
  virtual void on_ready() = 0;
  // The member cannot go on and no longer serves: stop() it, or end the process. The text is for the operator.
  virtual void on_failed(const base::Error& error) = 0;
  // The same, because the cluster goes on without this member, for ever: no failure of anybody's.
  virtual void on_removed(const base::Error& why) { on_failed(why); }

 protected:
  ~ServerListener() = default;
};

class Server {
 public:
  // Requires: validate(config) succeeded.
  Server(const io::World& world, ServerConfig config, ServerListener& listener);
  // Requires: start() was never called, stop() has completed, or the member crashed (its I/O is dead).
  ~Server();

  // Opens the files and goes on by itself; on_ready() or on_failed() says what came of it. Once.
  void start();

  // Graceful: takes no new connection, lets requests in flight end within the request timeout, closes the
  // files. `done` is told once, on a later turn, without an error; then destroy the server. At any stage, also
  // after on_failed(); once. The listener hears nothing afterwards.
  void stop(io::Completion& done);

  // The addresses bound, with the ports that were chosen. Requires: on_ready() was called.
  const std::vector<io::Address>& client_addresses() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace etcd
