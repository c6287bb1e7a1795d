#include "core/etcd/errors.h"

#include <array>

#include "core/base/assert.h"

namespace etcd {

namespace {

using Code = rpc::StatusCode;

struct Line {
  ErrorId id;
  WireError error;
};

// In the order of ErrorId. Two of etcd's errors lose their code on the way and arrive as Unknown (§1.1).
constexpr std::array<Line, kErrorCount> kLines = {{
    {ErrorId::empty_key, {Code::invalid_argument, "etcdserver: key is not provided"}},
    {ErrorId::key_not_found, {Code::invalid_argument, "etcdserver: key not found"}},
    {ErrorId::value_provided, {Code::invalid_argument, "etcdserver: value is provided"}},
    {ErrorId::lease_provided, {Code::invalid_argument, "etcdserver: lease is provided"}},
    {ErrorId::too_many_ops, {Code::invalid_argument, "etcdserver: too many operations in txn request"}},
    {ErrorId::duplicate_key, {Code::invalid_argument, "etcdserver: duplicate key given in txn request"}},
    {ErrorId::invalid_sort_option, {Code::invalid_argument, "etcdserver: invalid sort option"}},
    {ErrorId::invalid_client_api_version, {Code::invalid_argument, "etcdserver: invalid client api version"}},
    {ErrorId::compacted, {Code::out_of_range, "etcdserver: mvcc: required revision has been compacted"}},
    {ErrorId::future_rev, {Code::out_of_range, "etcdserver: mvcc: required revision is a future revision"}},
    {ErrorId::no_space, {Code::resource_exhausted, "etcdserver: mvcc: database space exceeded"}},
    {ErrorId::lease_not_found, {Code::not_found, "etcdserver: requested lease not found"}},
    {ErrorId::lease_exist, {Code::failed_precondition, "etcdserver: lease already exists"}},
    {ErrorId::lease_ttl_too_large, {Code::out_of_range, "etcdserver: too large lease TTL"}},
    {ErrorId::watch_canceled, {Code::cancelled, "etcdserver: watch canceled"}},
    {ErrorId::member_exist, {Code::failed_precondition, "etcdserver: member ID already exist"}},
    {ErrorId::peer_url_exist, {Code::failed_precondition, "etcdserver: Peer URLs already exists"}},
    {ErrorId::member_not_enough_started,
     {Code::unknown, "etcdserver: re-configuration failed due to not enough started members"}},
    {ErrorId::member_bad_urls, {Code::invalid_argument, "etcdserver: given member URLs are invalid"}},
    {ErrorId::member_not_found, {Code::not_found, "etcdserver: member not found"}},
    {ErrorId::member_not_learner, {Code::failed_precondition, "etcdserver: can only promote a learner member"}},
    {ErrorId::learner_not_ready,
     {Code::failed_precondition, "etcdserver: can only promote a learner member which is in sync with leader"}},
    {ErrorId::too_many_learners, {Code::failed_precondition, "etcdserver: too many learner members in cluster"}},
    {ErrorId::cluster_id_mismatch, {Code::failed_precondition, "etcdserver: cluster ID mismatch"}},
    {ErrorId::request_too_large, {Code::invalid_argument, "etcdserver: request is too large"}},
    {ErrorId::request_too_many_requests, {Code::unknown, "etcdserver: too many requests"}},
    {ErrorId::root_user_not_exist, {Code::failed_precondition, "etcdserver: root user does not exist"}},
    {ErrorId::root_role_not_exist, {Code::failed_precondition, "etcdserver: root user does not have root role"}},
    {ErrorId::user_already_exist, {Code::failed_precondition, "etcdserver: user name already exists"}},
    {ErrorId::user_empty, {Code::invalid_argument, "etcdserver: user name is empty"}},
    {ErrorId::user_not_found, {Code::failed_precondition, "etcdserver: user name not found"}},
    {ErrorId::role_already_exist, {Code::failed_precondition, "etcdserver: role name already exists"}},
    {ErrorId::role_not_found, {Code::failed_precondition, "etcdserver: role name not found"}},
    {ErrorId::role_empty, {Code::invalid_argument, "etcdserver: role name is empty"}},
    {ErrorId::auth_failed,
     {Code::invalid_argument, "etcdserver: authentication failed, invalid user ID or password"}},
    {ErrorId::permission_not_given, {Code::invalid_argument, "etcdserver: permission not given"}},
    {ErrorId::permission_denied, {Code::permission_denied, "etcdserver: permission denied"}},
    {ErrorId::role_not_granted, {Code::failed_precondition, "etcdserver: role is not granted to the user"}},
    {ErrorId::permission_not_granted,
     {Code::failed_precondition, "etcdserver: permission is not granted to the role"}},
    {ErrorId::auth_not_enabled, {Code::failed_precondition, "etcdserver: authentication is not enabled"}},
    {ErrorId::invalid_auth_token, {Code::unauthenticated, "etcdserver: invalid auth token"}},
    {ErrorId::invalid_auth_mgmt, {Code::invalid_argument, "etcdserver: invalid auth management"}},
    {ErrorId::auth_old_revision, {Code::invalid_argument, "etcdserver: revision of auth store is old"}},
    {ErrorId::no_leader, {Code::unavailable, "etcdserver: no leader"}},
    {ErrorId::not_leader, {Code::failed_precondition, "etcdserver: not leader"}},
    {ErrorId::leader_changed, {Code::unavailable, "etcdserver: leader changed"}},
    {ErrorId::not_capable, {Code::failed_precondition, "etcdserver: not capable"}},
    {ErrorId::stopped, {Code::unavailable, "etcdserver: server stopped"}},
    {ErrorId::timeout, {Code::unavailable, "etcdserver: request timed out"}},
    {ErrorId::timeout_due_to_leader_fail,
     {Code::unavailable, "etcdserver: request timed out, possibly due to previous leader failure"}},
    {ErrorId::timeout_due_to_connection_lost,
     {Code::unavailable, "etcdserver: request timed out, possibly due to connection lost"}},
    {ErrorId::timeout_wait_applied_index,
     {Code::unavailable, "etcdserver: request timed out, waiting for the applied index took too long"}},
    {ErrorId::unhealthy, {Code::unavailable, "etcdserver: unhealthy cluster"}},
    {ErrorId::corrupt, {Code::data_loss, "etcdserver: corrupt cluster"}},
    {ErrorId::not_supported_for_learner, {Code::failed_precondition, "etcdserver: rpc not supported for learner"}},
    {ErrorId::bad_leader_transferee, {Code::failed_precondition, "etcdserver: bad leader transferee"}},
    {ErrorId::wrong_downgrade_version_format,
     {Code::invalid_argument, "etcdserver: wrong downgrade target version format"}},
    {ErrorId::invalid_downgrade_target_version,
     {Code::invalid_argument, "etcdserver: invalid downgrade target version"}},
    {ErrorId::cluster_version_unavailable,
     {Code::failed_precondition, "etcdserver: cluster version not found during downgrade"}},
    {ErrorId::downgrade_in_process,
     {Code::failed_precondition, "etcdserver: cluster has a downgrade job in progress"}},
    {ErrorId::no_inflight_downgrade, {Code::failed_precondition, "etcdserver: no inflight downgrade job"}},
    {ErrorId::canceled, {Code::cancelled, "etcdserver: request canceled"}},
    {ErrorId::deadline_exceeded, {Code::deadline_exceeded, "etcdserver: context deadline exceeded"}},
    {ErrorId::context_canceled, {Code::cancelled, "context canceled"}},
    {ErrorId::context_deadline_exceeded, {Code::deadline_exceeded, "context deadline exceeded"}},
    {ErrorId::raft_proposal_dropped, {Code::unknown, "raft proposal dropped"}},
    {ErrorId::not_primary_lessor, {Code::unknown, "not a primary lessor"}},
    {ErrorId::leader_transfer_too_long, {Code::unknown, "etcdserver: request timed out, leader transfer took too long"}},
    {ErrorId::no_password_user,
     {Code::unknown, "auth: authentication failed, password was given for no password user"}},
    {ErrorId::verify_only_key, {Code::unknown, "auth: token signing attempted with verify-only key"}},
    {ErrorId::unknown_method, {Code::unknown, "etcdserver: unknown method"}},
    {ErrorId::password_too_long, {Code::unknown, "bcrypt: password length exceeds 72 bytes"}},
    {ErrorId::unmarshal_failed,
     {Code::internal, "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"}},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kLines.size(); ++i) {
    if (static_cast<std::size_t>(kLines[i].id) != i) return false;
  }
  return true;
}
static_assert(is_in_order());

}  // namespace

const WireError& wire_error(ErrorId id) {
  const auto index = static_cast<std::size_t>(id);
  ASSERT(index < kLines.size());
  return kLines[index].error;
}

rpc::Status to_status(ErrorId id) {
  const WireError& error = wire_error(id);
  return {error.code, std::string(error.text)};
}

}  // namespace etcd
