// core/etcd/errors.h: every way in which etcd says no, as data.
//
// Stock clients compare the message text, and decide about retries by the code, so both are part of the
// contract (behaviour reference §1). Nothing else in core/etcd spells an error out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/rpc/status.h"

namespace etcd {

enum class ErrorId : std::uint8_t {
  // Texts that clients know (§1.2).
  empty_key,
  key_not_found,
  value_provided,
  lease_provided,
  too_many_ops,
  duplicate_key,
  invalid_sort_option,
  invalid_client_api_version,
  compacted,
  future_rev,
  no_space,
  lease_not_found,
  lease_exist,
  lease_ttl_too_large,
  watch_canceled,
  member_exist,
  peer_url_exist,
  member_not_enough_started,
  member_bad_urls,
  member_not_found,
  member_not_learner,
  learner_not_ready,
  too_many_learners,
  cluster_id_mismatch,
  request_too_large,
  request_too_many_requests,
  root_user_not_exist,
  root_role_not_exist,
  user_already_exist,
  user_empty,
  user_not_found,
  role_already_exist,
  role_not_found,
  role_empty,
  auth_failed,
  permission_not_given,
  permission_denied,
  role_not_granted,
  permission_not_granted,
  auth_not_enabled,
  invalid_auth_token,
  invalid_auth_mgmt,
  auth_old_revision,
  no_leader,
  not_leader,
  leader_changed,
  not_capable,
  stopped,
  timeout,
  timeout_due_to_leader_fail,
  timeout_due_to_connection_lost,
  timeout_wait_applied_index,
  unhealthy,
  corrupt,
  not_supported_for_learner,
  bad_leader_transferee,
  wrong_downgrade_version_format,
  invalid_downgrade_target_version,
  cluster_version_unavailable,
  downgrade_in_process,
  no_inflight_downgrade,
  canceled,
  deadline_exceeded,  // Texts that are sent as they arise inside etcd, mostly with the code Unknown (§1.1, §1.3).
  context_canceled,
  context_deadline_exceeded,
  raft_proposal_dropped,
  not_primary_lessor,
  leader_transfer_too_long,
  no_password_user,
  verify_only_key,
  unknown_method,
  password_too_long,
  unmarshal_failed,
};
inline constexpr std::size_t kErrorCount = static_cast<std::size_t>(ErrorId::unmarshal_failed) + 1;

struct WireError {
  rpc::StatusCode code;
  std::string_view text;
};

const WireError& wire_error(ErrorId id);
rpc::Status to_status(ErrorId id);

}  // namespace etcd
