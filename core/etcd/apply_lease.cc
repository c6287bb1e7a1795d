#include "core/etcd/apply_lease.h"

#include "core/base/assert.h"
#include "core/etcd/errors.h"
#include "storage/mvcc/proto_wire.h"

namespace etcd {

namespace {

constexpr std::uint32_t kGrantedId = 2;   // etcdserverpb.LeaseGrantResponse
constexpr std::uint32_t kGrantedTtl = 3;  // likewise

base::Status refuse(std::string* answer, ErrorId why) {
  if (answer != nullptr) append_error(*answer, why);
  return {};
}

void accept(const mvcc::Store& store, Header header, std::string* answer) {
  if (answer == nullptr) return;
  header.revision = store.current();
  begin_ok(*answer);
  append_header(*answer, header);
}

}  // namespace

base::Status apply(mvcc::Store& store, Leases& leases, const etcdserverpb::LeaseGrantRequest& request, Header header, std::string* answer) {
  const LeaseId id{request.id()};
  if (id == LeaseId::none) return refuse(answer, ErrorId::lease_not_found);
  if (request.ttl() > kLeaseTtlMax) return refuse(answer, ErrorId::lease_ttl_too_large);
  if (leases.find(id) != nullptr) return refuse(answer, ErrorId::lease_exist);
  leases.grant(id, request.ttl());
  accept(store, header, answer);
  if (answer != nullptr) {
    mvcc::wire::append_int64(*answer, kGrantedId, request.id());
    mvcc::wire::append_int64(*answer, kGrantedTtl, request.ttl());
  }
  return {};
}

base::Status apply(mvcc::Store& store, Leases& leases, const etcdserverpb::LeaseRevokeRequest& request, Header header, std::string* answer) {
  const LeaseId id{request.id()};
  const Lease* const lease = leases.find(id);
  if (lease == nullptr) return refuse(answer, ErrorId::lease_not_found);
  store.begin_entry();
  for (const std::string& key : lease->keys) {
    const std::uint64_t deleted = store.erase({key, {}});
    ASSERT(deleted == 1);  // what is deleted hangs on no lease any more
  }
  store.end_entry();  // which takes them off the lease
  leases.remove(id);
  accept(store, header, answer);
  return {};
}

base::Status apply(mvcc::Store& store, Leases& leases, const etcdserverpb::LeaseCheckpointRequest& request, Header header,
                   std::string* answer) {
  for (const etcdserverpb::LeaseCheckpoint& one : request.checkpoints()) leases.checkpoint(LeaseId{one.id()}, one.remaining_ttl());
  accept(store, header, answer);
  return {};
}

}  // namespace etcd
