#include "core/etcd/service_context.h"

#include <string_view>

#include "core/base/assert.h"
#include "core/etcd/validation.h"

namespace etcd {

std::optional<ErrorId> check_gates(const ServiceContext& context, const rpc::CallContext& call) {
  const std::optional<std::string_view> version = call.metadata("client-api-version");
  if (version && !is_utf8(*version)) return ErrorId::invalid_client_api_version;
  if (context.is_stopped) return ErrorId::stopped;
  const std::optional<std::string_view> has_leader = call.metadata("hasleader");
  if (has_leader == "true" && context.leadership.leader() == base::MemberId::none) return ErrorId::no_leader;
  return std::nullopt;
}

namespace {

bool is_connected_since(const ServiceContext& context, base::MemberId member, base::Instant began) {
  const std::optional<base::Instant> since = context.links == nullptr ? std::nullopt : context.links->active_since(member);
  return since && *since < began;
}

// To as many voters as decide, this member included.
bool is_connected_to_quorum_since(const ServiceContext& context, base::Instant began) {
  const std::vector<base::MemberId> voters = context.replica.configuration().voters();
  std::size_t connected = 0;
  for (const base::MemberId voter : voters) {
    if (voter == context.replica.identity().member || is_connected_since(context, voter, began)) ++connected;
  }
  return connected * 2 > voters.size();
}

}  // namespace

ErrorId write_timeout(const ServiceContext& context, base::Instant began) {
  if (context.leadership.may_have_lost(began, context.config.election_timeout)) return ErrorId::timeout_due_to_leader_fail;
  const base::MemberId leader = context.leadership.leader();
  if (leader == base::MemberId::none) return ErrorId::timeout;
  const bool is_connected = leader == context.replica.identity().member ? is_connected_to_quorum_since(context, began)
                                                                        : is_connected_since(context, leader, began);
  return is_connected ? ErrorId::timeout : ErrorId::timeout_due_to_connection_lost;
}

ErrorId refusal_of(const base::Error& error) {
  switch (error.code) {
    case base::Code::overloaded: return ErrorId::request_too_many_requests;
    case base::Code::not_leader: return ErrorId::leader_changed;
    case base::Code::unavailable:
    case base::Code::outcome_unknown: return ErrorId::stopped;
    case base::Code::io:
    case base::Code::no_space:
    case base::Code::not_found:
    case base::Code::damaged:
    case base::Code::invalid: break;
  }
  ASSERT(false && "a replica refuses for none of these reasons");
  return ErrorId::stopped;
}

}  // namespace etcd
