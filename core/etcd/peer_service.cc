#include "core/etcd/peer_service.h"

#include <utility>

#include "core/etcd/member_list.h"
#include "core/etcd/parse.h"
#include "core/etcd/sealed.h"
#include "core/etcd/version.h"

namespace etcd {

void PeerService::add_to(rpc::Server& server) {
  server.add_unary(kPeerVersionPath, version_);
  server.add_unary(kPeerMembersPath, members_);
  server.add_unary(kPeerRemovedPath, removed_);
  server.add_unary(kPeerChangeMemberPath, change_member_);
  server.add_unary(kPeerRenewPath, renew_lease_);
  server.add_unary(kPeerTimeToLivePath, time_to_live_);
  server.add_http("/version", version_page_);
  server.add_http("/members", members_page_);
}

void PeerService::VersionHandler::handle(rpc::UnaryCall& call, std::string_view /*request*/) { call.respond(seal(kEtcdVersion, kPeerVersionPath)); }

void PeerService::Door::handle(rpc::UnaryCall& call, std::string_view request) {
  if (service_.context_ != nullptr) return (service_.*answer_)(call, request);
  call.fail({rpc::StatusCode::unavailable, "this member has not opened its files yet"});
}

void PeerService::list_members(rpc::UnaryCall& call, std::string_view /*request*/) {
  call.respond(seal(member_list(context_->machine, context_->replica.settled_configuration()), kPeerMembersPath));
}

void PeerService::list_removed(rpc::UnaryCall& call, std::string_view /*request*/) {
  etcdserverpb::MemberListResponse response;
  fill_header(context_->machine, *response.mutable_header());
  for (const base::MemberId member : context_->machine.members().removed()) response.add_members()->set_id(member.value());
  call.respond(seal(response.SerializeAsString(), kPeerRemovedPath));
}

void PeerService::change_member(rpc::UnaryCall& call, std::string_view request) {
  const std::optional<std::string_view> bytes = unseal(request, kPeerChangeMemberPath);
  // Of no effect, but who asked cannot tell whether it was this or the answer that changed.
  if (!bytes) return call.fail({rpc::StatusCode::unavailable, "the question changed on its way"});
  std::optional<MemberChange> change = decode_change(*bytes);
  if (!change) return call.fail(to_status(ErrorId::unmarshal_failed));
  operations_.take(*context_, operations_).start(call, std::move(*change), AskedBy::member);
}

void PeerService::renew_lease(rpc::UnaryCall& call, std::string_view request) {
  ask_lease(LeaseCall::Kind::renew, kPeerRenewPath, call, request);
}

void PeerService::look_up_lease(rpc::UnaryCall& call, std::string_view request) {
  ask_lease(LeaseCall::Kind::time_to_live, kPeerTimeToLivePath, call, request);
}

void PeerService::ask_lease(LeaseCall::Kind kind, std::string_view path, rpc::UnaryCall& call, std::string_view request) {
  const std::optional<std::string_view> bytes = unseal(request, path);
  if (!bytes) return call.fail({rpc::StatusCode::unavailable, "the question changed on its way"});
  etcdserverpb::LeaseTimeToLiveRequest question;
  if (!parse(question, *bytes)) return call.fail(to_status(ErrorId::unmarshal_failed));
  lease_calls_.take(*leases_, lease_calls_).start(call, kind, LeaseCall::By::member, question);
}

}  // namespace etcd
