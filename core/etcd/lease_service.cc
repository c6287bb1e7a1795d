#include "core/etcd/lease_service.h"

#include <algorithm>

#include "core/etcd/command.h"
#include "core/etcd/member_list.h"

namespace etcd {

LeaseService::LeaseService(LeaseContext& context)
    : grant_(context.context, writes_), revoke_(context.context, writes_), keep_alive_(context), time_to_live_(context), list_(context) {}

void LeaseService::add_to(rpc::Server& server) {
  server.add_unary("/etcdserverpb.Lease/LeaseGrant", grant_);
  server.add_unary("/etcdserverpb.Lease/LeaseRevoke", revoke_);
  server.add_stream("/etcdserverpb.Lease/LeaseKeepAlive", keep_alive_);
  server.add_unary("/etcdserverpb.Lease/LeaseTimeToLive", time_to_live_);
  server.add_unary("/etcdserverpb.Lease/LeaseLeases", list_);
}

// An incarnation counts from a number that is drawn, where etcd counts from the time of day.
LeaseService::Grant::Grant(ServiceContext& context, Pool<WriteOperation>& operations)
    : TypedHandler(context), operations_(operations), next_(context.world.random.draw("lease-ids", {})) {}

void LeaseService::Grant::serve(rpc::UnaryCall& call, etcdserverpb::LeaseGrantRequest& request) {
  constexpr unsigned kCountBits = 48;  // above them the member, whose highest bit goes: the id is positive
  constexpr std::uint64_t kMemberMask = 0x7fffU;
  request.DiscardUnknownFields();
  while (request.id() == 0) {
    const std::uint64_t member = context_.replica.identity().member.value() & kMemberMask;
    const std::uint64_t count = next_++ & ((std::uint64_t{1} << kCountBits) - 1);
    request.set_id(static_cast<std::int64_t>(member << kCountBits | count));
  }
  // Here, and not when it is applied: members may be told different election timeouts.
  request.set_ttl(std::max(request.ttl(), context_.config.lease_ttl_min()));
  operations_.take(context_, operations_).start(call, encode_command(CommandKind::lease_grant, request));
}

void LeaseService::Revoke::serve(rpc::UnaryCall& call, etcdserverpb::LeaseRevokeRequest& request) {
  request.DiscardUnknownFields();
  operations_.take(context_, operations_).start(call, encode_command(CommandKind::lease_revoke, request));
}

void LeaseService::TimeToLive::serve(rpc::UnaryCall& call, etcdserverpb::LeaseTimeToLiveRequest& request) {
  request.DiscardUnknownFields();
  operations_.take(lease_context_, operations_).start(call, LeaseCall::Kind::time_to_live, LeaseCall::By::client, request);
}

void LeaseService::List::serve(rpc::UnaryCall& call, etcdserverpb::LeaseLeasesRequest& /*request*/) {
  etcdserverpb::LeaseLeasesResponse response;
  fill_header(context_.machine, *response.mutable_header());
  response.mutable_header()->set_revision(mvcc::to_signed(context_.machine.store().current()));
  for (const LeaseId id : lessor_.in_order()) response.add_leases()->set_id(static_cast<std::int64_t>(id));
  call.respond(response.SerializeAsString());
}

}  // namespace etcd
