// core/etcd/peer_service.h: what members ask each other besides consensus, on the peer listener.
//
//   /lockstep.etcd.Peers/Version   () -> the version of the server, as text
//   /lockstep.etcd.Peers/Members   () -> etcdserverpb.MemberListResponse, as this member has applied it
//
// Members is unavailable until the member has opened its files.
#pragma once

#include <string_view>

#include "core/etcd/state_machine.h"
#include "core/replica/replica.h"
#include "core/rpc/server.h"

namespace etcd {

inline constexpr std::string_view kPeerVersionPath = "/lockstep.etcd.Peers/Version";
inline constexpr std::string_view kPeerMembersPath = "/lockstep.etcd.Peers/Members";

class PeerService {
 public:
  explicit PeerService(const StateMachine& machine) : members_(machine) {}
  void add_to(rpc::Server& server);
  // From now on there is something to say.
  void begin(const replica::Replica& replica) { members_.replica = &replica; }

 private:
  class VersionHandler final : public rpc::UnaryHandler {
   public:
    void handle(rpc::UnaryCall& call, std::string_view request) override;
  };
  class MembersHandler final : public rpc::UnaryHandler {
   public:
    explicit MembersHandler(const StateMachine& machine) : machine_(machine) {}
    void handle(rpc::UnaryCall& call, std::string_view request) override;
    const replica::Replica* replica = nullptr;

   private:
    const StateMachine& machine_;
  };

  VersionHandler version_;
  MembersHandler members_;
};

}  // namespace etcd
