#include "core/etcd/peer_service.h"

#include "core/etcd/member_list.h"
#include "core/etcd/version.h"

namespace etcd {

void PeerService::add_to(rpc::Server& server) {
  server.add_unary(kPeerVersionPath, version_);
  server.add_unary(kPeerMembersPath, members_);
}

void PeerService::VersionHandler::handle(rpc::UnaryCall& call, std::string_view /*request*/) { call.respond(kEtcdVersion); }

void PeerService::MembersHandler::handle(rpc::UnaryCall& call, std::string_view /*request*/) {
  if (replica == nullptr) return call.fail({rpc::StatusCode::unavailable, "this member has not opened its files yet"});
  call.respond(member_list(machine_, replica->configuration()));
}

}  // namespace etcd
