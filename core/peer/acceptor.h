// core/peer/acceptor.h: the connections that other members made to this one.
//
// Each is a stream of the peers' server. One per member and lane: a newer one replaces the older, whose other end is gone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/peer/hello.h"
#include "core/peer/options.h"
#include "core/peer/packet.h"
#include "core/replica/transport.h"
#include "core/rpc/server.h"
#include "io/world.h"

namespace peer {

class Acceptor;

// One stream: reads what comes on it, and says how far it has come.
class Incoming final : public rpc::StreamReceiver, private io::Timer {
 public:
  Incoming(Acceptor& acceptor, rpc::StreamCall& call, const Hello& hello, Lane lane);
  ~Incoming();

  base::MemberId from() const { return from_; }
  Lane lane() const { return lane_; }
  rpc::StreamCall& call() { return call_; }

 private:
  void on_message(std::string_view packet) override;
  void on_half_close() override;
  void on_room() override {}
  void on_cancelled() override;
  void on_timer() override;
  void send_receipt();

  Acceptor& acceptor_;
  rpc::StreamCall& call_;
  const base::MemberId from_;
  const Lane lane_;
  PacketReader reader_;
  std::uint64_t packets_ = 0;
  std::uint64_t receipt_packets_ = 0;  // what the last receipt said
  base::Instant receipt_at_;
};

class Acceptor final {
 public:
  // Before the server listens. The server and the acceptor may go in any order.
  Acceptor(const io::World& world, const Options& options, rpc::Server& server);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Only these are let in. Connections of others end.
  void set_members(std::set<base::MemberId> members);
  // Until then, and after close(), everybody is turned away for the time being.
  void open(const Identity& identity, replica::TransportListener& listener);
  void close();

 private:
  friend class Incoming;
  class Door;
  using Key = std::pair<base::MemberId, Lane>;

  rpc::StreamReceiver* on_call(rpc::StreamCall& call, Lane lane);
  rpc::StreamReceiver* turn_away(rpc::StreamCall& call, base::MemberId from, rpc::StatusCode code, const std::string& why);
  // Both destroy the stream's object.
  void end(Incoming& incoming, rpc::StatusCode code, const std::string& why);
  void forget(Incoming& incoming);
  void complain(const rpc::CallContext& call, base::MemberId from, const std::string& why);

  const io::World world_;
  const Options& options_;
  std::shared_ptr<Acceptor*> self_;  // what the doors hold: null once this is gone
  Identity identity_;
  replica::TransportListener* listener_ = nullptr;  // null: not open
  std::set<base::MemberId> members_;
  std::map<Key, std::unique_ptr<Incoming>> incoming_;
  std::map<base::MemberId, std::string> complaints_;  // the last one in the log about each caller
};

}  // namespace peer
