#include "core/etcd/maintenance_service.h"

#include <string>

#include "core/etcd/answer.h"
#include "core/etcd/version.h"

namespace etcd {

namespace {

constexpr std::int64_t kQuotaBytesDefault = std::int64_t{2} << 30U;  // §8.1

void fill(etcdserverpb::ResponseHeader& out, const Header& header) {
  out.set_cluster_id(header.cluster.value());
  out.set_member_id(header.member.value());
  out.set_revision(to_signed(header.revision));
  out.set_raft_term(header.term.value());
}

}  // namespace

void MaintenanceService::add_to(rpc::Server& server) {
  server.add_unary("/etcdserverpb.Maintenance/Status", status_);
  server.add_unary("/etcdserverpb.Maintenance/HashKV", hash_kv_);
  server.add_unary("/etcdserverpb.Maintenance/MoveLeader", move_leader_);
}

void MaintenanceService::HashKv::serve(rpc::UnaryCall& call, etcdserverpb::HashKVRequest& request) {
  operations_.take(context_, slices_, operations_).start(call, request);
}

void MaintenanceService::MoveLeader::serve(rpc::UnaryCall& call, etcdserverpb::MoveLeaderRequest& request) {
  operations_.take(context_, operations_).start(call, base::MemberId(request.targetid()));
}

void MaintenanceService::Status::serve(rpc::UnaryCall& call, etcdserverpb::StatusRequest& /*request*/) {
  const replica::Status replica = context_.replica.status();
  const sqlite::Backend& backend = context_.machine.backend();
  etcdserverpb::StatusResponse response;
  fill(*response.mutable_header(), context_.machine.header());
  response.set_version(std::string(kEtcdVersion));
  response.set_storageversion(std::string(kStorageVersion));
  response.set_dbsize(static_cast<std::int64_t>(backend.size_bytes()));
  response.set_dbsizeinuse(static_cast<std::int64_t>(backend.size_in_use_bytes()));
  const std::int64_t quota = context_.config.quota_backend_bytes;
  response.set_dbsizequota(quota == 0 ? kQuotaBytesDefault : quota);
  response.set_leader(replica.leader.value());
  response.set_raftindex(replica.committed.value());
  response.set_raftappliedindex(replica.applied.value());
  response.set_raftterm(replica.applied_term.value());
  response.set_islearner(context_.is_learner);
  response.mutable_downgradeinfo()->set_enabled(false);
  if (replica.leader == base::MemberId::none) response.add_errors(std::string(wire_error(ErrorId::no_leader).text));
  call.respond(response.SerializeAsString());
}

}  // namespace etcd
