// core/peer/acceptor.h: the connections that other members made to this one.
//
// Each is a stream of the peers' server. One per member and lane: a newer one replaces the older, whose other end is gone.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/peer/hello.h"
#include "core/peer/incoming.h"
#include "core/peer/options.h"
#include "core/replica/transport.h"
#include "core/rpc/server.h"
#include "io/world.h"

namespace peer {

class Acceptor final {
 public:
  // Before the server listens. The server and the acceptor may go in any order.
  Acceptor(const io::World& world, const Options& options, rpc::Server& server);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Only these are let in. Connections of others end.
  void set_members(std::set<base::MemberId> members);
  // Null: nobody wants to hear. While this is open, of any caller of this cluster.
  void set_hello_listener(HelloListener* listener) { hello_listener_ = listener; }
  // Until then, and after close(), everybody is turned away for the time being.
  void open(const Identity& identity, replica::TransportListener& listener);
  void close();

  // For its streams. The first two destroy the stream.
  void end(Incoming& incoming, rpc::StatusCode code, const std::string& why);
  void forget(Incoming& incoming);
  void on_sense(base::MemberId from) { complaints_.erase(from); }  // something of it could be read
  const io::World& world() const { return world_; }
  const Options& options() const { return options_; }
  replica::TransportListener& listener() const {
    ASSERT(listener_ != nullptr);  // or there would be no streams
    return *listener_;
  }

 private:
  class Door;
  using Key = std::pair<base::MemberId, Lane>;

  rpc::StreamReceiver* on_call(rpc::StreamCall& call, Lane lane);
  rpc::StreamReceiver* turn_away(rpc::StreamCall& call, base::MemberId from, rpc::StatusCode code, const std::string& why);
  void complain(const rpc::CallContext& call, base::MemberId from, const std::string& why);

  const io::World world_;
  const Options& options_;
  std::shared_ptr<Acceptor*> self_;  // what the doors hold: null once this is gone
  Identity identity_;
  replica::TransportListener* listener_ = nullptr;  // null: not open
  HelloListener* hello_listener_ = nullptr;
  std::set<base::MemberId> members_;
  std::map<Key, std::unique_ptr<Incoming>> incoming_;
  std::map<base::MemberId, std::string> complaints_;  // the last one in the log about each caller
};

}  // namespace peer
