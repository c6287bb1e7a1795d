// core/peer/plain_server.h: a whole member for tenants whose requests and answers are bytes: nothing to write but the state machine.
//
// Clients reach any member by gRPC, and two methods:
//
//   /SERVICE/Write   a command, as it goes through the log; its answer, as the state machine gave it
//   /SERVICE/Read    what PlainReader::read() says once this member has applied all that was answered before the question
//
// UNAVAILABLE and DEADLINE_EXCEEDED say nothing of a command's fate: it may have taken effect, or still do so. A tenant whose commands
// cannot be repeated gives them numbers.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/peer/member.h"

namespace peer {

class PlainReader {
 public:
  virtual std::string read(std::string_view request) const = 0;

 protected:
  ~PlainReader() = default;
};

// The groups of such tenants stay as they were begun.
struct PlainServerConfig {
  std::string service;  // `package.Name`; members of another do not mix with these
  base::MemberId self;
  std::map<base::MemberId, std::vector<io::Address>> group;  // where each is reached by the others; this one listens at its first
  io::Address listen;                                        // for clients
  base::Duration wait_max = std::chrono::seconds(5);  // for an answer
  std::size_t request_bytes_max = 1U << 20U;
  Options peer;
  replica::Options tuning;  // the identity and the configuration are filled in
};

// As flags say it: `1`, `HOST:PORT`, and `1=HOST:PORT,2=HOST:PORT,…`; the service is left open. invalid for anything else, and for a
// group without `self`.
base::Result<PlainServerConfig> parse_plain_config(std::string_view self, std::string_view listen, std::string_view group);

class PlainServer final : private replica::ReplicaListener {
 public:
  // All references outlive the server. `owner` hears on_started() when clients are served, and on_stopped() when the member
  // cannot go on; then stop() it, or end the process.
  PlainServer(const io::World& world, PlainServerConfig config, replica::StateMachine& machine, const PlainReader& reader,
              replica::ReplicaListener& owner);
  // Requires: start() was not called, stop() has completed, or the member crashed (its I/O is dead).
  ~PlainServer();

  // The error is why it cannot listen. Requires: the group names this member.
  base::Status start();
  // Once. Whoever waits is turned away; a leader hands over first.
  void stop(io::Completion& done);

 private:
  class Request;
  enum class Method : std::uint8_t { write, read };
  class Door final : public rpc::UnaryHandler {
   public:
    Door(PlainServer& server, Method method) : server_(server), method_(method) {}
    void handle(rpc::UnaryCall& call, std::string_view request) override;

   private:
    PlainServer& server_;
    const Method method_;
  };

  void on_started() override;
  void on_leader(base::MemberId leader) override { owner_.on_leader(leader); }
  void on_stopped(const base::Error& why) override { owner_.on_stopped(why); }
  base::Status listen_to_clients();

  const io::World world_;
  const PlainServerConfig config_;
  const PlainReader& reader_;
  replica::ReplicaListener& owner_;
  Member member_;
  std::list<Request> requests_;  // that wait
  Door writes_{*this, Method::write};
  Door reads_{*this, Method::read};
  std::unique_ptr<rpc::Server> clients_;
};

}  // namespace peer
