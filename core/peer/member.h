// core/peer/member.h: one member of a group, wired: its replica, the server that the other members call, and the transport between them.
//
//   idle -> booting -> running -> handing over -> closing -> closed
//                 \-> stopped (by itself) ---------/
//
// What every tenant needs between its state machine and its clients. A tenant brings the state machine, hears through
// replica::ReplicaListener when requests are taken, and asks replica() for everything else.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/peer/transport.h"
#include "core/replica/replica.h"
#include "core/rpc/server.h"
#include "io/world.h"

namespace peer {

class Member final : private replica::ReplicaListener, private io::Timer, private io::EndOfTurn, private io::Completion {
 public:
  // All references outlive the member.
  Member(const io::World& world, replica::StateMachine& machine, replica::ReplicaListener& listener, Options options = {});
  // Requires: start() was never called, leave() has completed, or the member crashed (its I/O is dead).
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // What the others call, on addresses at which the tenant lets it listen, and with handlers of its own if it wants. Requires:
  // start() was not called. Without this a group has one member.
  rpc::Server& server();

  // Opens the files; the listener's on_started() or on_stopped() follows. Once.
  void start(replica::Options options);

  // Where members are reached; this one may be among them, and then tells the others where it is. In the listener's on_started(), unless the tenant gives up there, and
  // again when that changes (on_configuration() tells). If `hastens_election`, a member that reaches the others does not wait out its first election timeout.
  void join(const std::map<base::MemberId, std::vector<io::Address>>& members, bool hastens_election);

  // Where those who call this member say that they are; null: nobody wants to hear. Of no effect without server().
  void set_hello_listener(HelloListener* listener);

  // Requires: start() was called.
  replica::Replica& replica();
  const Transport* transport() const { return transport_.get(); }  // null without server()

  // Nothing leaves and nothing arrives any more: for who cannot go on. Not within a call of the listener or of a handler.
  void fall_silent();

  // The orderly end, at any stage, once; not within a call of the listener or of a handler. Who leads hands over first, so that the
  // others need not find out by an election timeout. `done` is told on a later turn; then destroy the member. Of what
  // happens from here on the listener hears on_leader() at most.
  void leave(io::Completion& done);

 private:
  enum class Stage : std::uint8_t { idle, booting, running, stopped, handing_over, closing };

  void on_started() override;
  void on_leader(base::MemberId leader) override;
  void on_configuration() override;
  void on_stopped(const base::Error& why) override;
  void on_timer() override;                     // running: the first election; handing over: it is over
  void on_end_of_turn() override;               // left without ever having started
  void complete(base::Status status) override;  // closed

  void set_group(const std::map<base::MemberId, std::vector<io::Address>>& members);
  void look_for_others();
  void hand_over();
  void close();

  const io::World world_;
  replica::StateMachine& machine_;
  replica::ReplicaListener& listener_;
  const Options options_;
  Stage stage_ = Stage::idle;
  io::Completion* done_ = nullptr;  // of leave()
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<replica::Replica> replica_;
  std::uint32_t election_ticks_ = 0;
  bool looks_again_ = false;       // handing over: for a successor
  bool has_looked_twice_ = false;
  base::Duration tick_interval_{};
  base::Duration election_timeout_{};
  std::size_t enough_others_ = 0;  // to win an election, unless the group is large
  base::Instant looks_until_;
};

}  // namespace peer
