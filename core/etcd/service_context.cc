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
  if (has_leader == "true" && context.replica.status().leader == base::MemberId::none) return ErrorId::no_leader;
  return std::nullopt;
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
