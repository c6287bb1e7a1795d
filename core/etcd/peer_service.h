// core/etcd/peer_service.h: what members ask each other besides consensus, on the peer listener.
//
//   /lockstep.etcd.Peers/Version        () -> the version of the server, as text
//   /lockstep.etcd.Peers/Members        () -> etcdserverpb.MemberListResponse, of what can no longer be undone, as far as this member knows
//   /lockstep.etcd.Peers/Removed        () -> the same form: the header, and the ids of those that were removed
//   /lockstep.etcd.Peers/ChangeMember   encode_change() -> etcdserverpb.MemberAddResponse, or etcd's error; only the leader decides
//   /lockstep.etcd.Peers/RenewLease        etcdserverpb.LeaseTimeToLiveRequest -> ...Response with ID and TTL, 0 when there is none; likewise
//   /lockstep.etcd.Peers/LeaseTimeToLive   the same messages, of a TTL lookup; likewise
//
// Questions, where they say anything, and answers are sealed (sealed.h). All but Version are unavailable until the member has opened its files. Likewise for a plain GET, as etcd's members have it:
// /version and /members (http_pages.h).
#pragma once

#include <string_view>

#include "core/etcd/http_pages.h"
#include "core/etcd/lease_call.h"
#include "core/etcd/member_operation.h"
#include "core/etcd/pool.h"
#include "core/etcd/service_context.h"
#include "core/rpc/server.h"

namespace etcd {

inline constexpr std::string_view kPeerVersionPath = "/lockstep.etcd.Peers/Version";
inline constexpr std::string_view kPeerMembersPath = "/lockstep.etcd.Peers/Members";
inline constexpr std::string_view kPeerRemovedPath = "/lockstep.etcd.Peers/Removed";
inline constexpr std::string_view kPeerChangeMemberPath = "/lockstep.etcd.Peers/ChangeMember";

class PeerService {
 public:
  void add_to(rpc::Server& server);
  // From now on there is something to say.
  void begin(ServiceContext& context, LeaseContext& leases) {
    context_ = &context;
    leases_ = &leases;
    version_page_.begin(context);
    members_page_.begin(context);
  }

 private:
  class Door final : public rpc::UnaryHandler {
   public:
    using Answer = void (PeerService::*)(rpc::UnaryCall& call, std::string_view request);
    Door(PeerService& service, Answer answer) : service_(service), answer_(answer) {}
    void handle(rpc::UnaryCall& call, std::string_view request) override;

   private:
    PeerService& service_;
    const Answer answer_;
  };
  class VersionHandler final : public rpc::UnaryHandler {
   public:
    void handle(rpc::UnaryCall& call, std::string_view request) override;
  };

  void list_members(rpc::UnaryCall& call, std::string_view request);
  void list_removed(rpc::UnaryCall& call, std::string_view request);
  void change_member(rpc::UnaryCall& call, std::string_view request);
  void renew_lease(rpc::UnaryCall& call, std::string_view request);
  void look_up_lease(rpc::UnaryCall& call, std::string_view request);
  void ask_lease(LeaseCall::Kind kind, std::string_view path, rpc::UnaryCall& call, std::string_view request);

  ServiceContext* context_ = nullptr;
  LeaseContext* leases_ = nullptr;
  Pool<MemberOperation> operations_;
  Pool<LeaseCall> lease_calls_;
  VersionHandler version_;
  Door members_{*this, &PeerService::list_members};
  Door removed_{*this, &PeerService::list_removed};
  Door change_member_{*this, &PeerService::change_member};
  Door renew_lease_{*this, &PeerService::renew_lease};
  Door time_to_live_{*this, &PeerService::look_up_lease};
  VersionPage version_page_;
  MembersPage members_page_;
};

}  // namespace etcd
