#include "core/etcd/leases.h"

#include <utility>

#include "core/api/lease_record.pb.h"
#include "core/base/assert.h"
#include "storage/mvcc/record.h"

namespace etcd {

// --- opening ------------------------------------------------------------------------------------------

void Leases::on_row(const sqlite::RowView& row) {
  if (row.bucket == sqlite::Bucket::key) {
    const base::Result<mvcc::Record> record = mvcc::decode(row.value);
    if (record) follow(mvcc::kind_of(row), *record);  // otherwise the loader refuses the store
    return;
  }
  ASSERT(row.bucket == sqlite::Bucket::lease);
  on_lease_row(row);
}

void Leases::on_lease_row(const sqlite::RowView& row) {
  leasepb::Lease record;
  const bool is_record = record.ParseFromArray(row.value.data(), static_cast<int>(row.value.size()));
  const LeaseId id{record.id()};
  if (!is_record || row.id == 0 || id == LeaseId::none || find(id) != nullptr) {
    status_ = base::fail(base::Code::damaged, "row " + std::to_string(row.id) + " of the bucket `lease` is no lease");
    return;
  }
  leases_.emplace(id, Lease{record.ttl(), record.remainingttl(), {}, row.id, hash(row)});
  rows_.insert(row.id);
}

// Until here keys are attached to numbers alone: most of the history's leases are gone.
base::Status Leases::load() {
  ASSERT(!is_loaded_);
  is_loaded_ = true;
  for (const auto& [key, id] : attached_) {
    const auto lease = leases_.find(id);
    if (lease == leases_.end()) return base::fail(base::Code::damaged, "a key hangs on a lease that is not in the store");
    lease->second.keys.insert(key);
  }
  return status_;
}

// --- leases -------------------------------------------------------------------------------------------

const Lease* Leases::find(LeaseId id) const {
  const auto found = leases_.find(id);
  return found == leases_.end() ? nullptr : &found->second;
}

// The next row is one above the highest that stands, and no counter: a member that was restarted knows no more than the rows.
void Leases::grant(LeaseId id, std::int64_t ttl) {
  ASSERT(id != LeaseId::none);
  const std::uint64_t row = rows_.empty() ? 1 : *rows_.rbegin() + 1;
  rows_.insert(row);
  const auto [lease, is_new] = leases_.emplace(id, Lease{ttl, 0, {}, row, {}});
  ASSERT(is_new);
  write(id, lease->second, nullptr);
  if (listener_ != nullptr) listener_->on_lease_granted(id, lease->second);
}

void Leases::checkpoint(LeaseId id, std::int64_t remaining_ttl) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  if (found->second.remaining_ttl != remaining_ttl) {
    found->second.remaining_ttl = remaining_ttl;
    const base::Hash128 replaced = found->second.hash;
    write(id, found->second, &replaced);
  }
  if (listener_ != nullptr) listener_->on_lease_checkpointed(id, found->second);
}

void Leases::remove(LeaseId id) {
  const auto found = leases_.find(id);
  ASSERT(found != leases_.end());
  const Lease& lease = found->second;
  ASSERT(lease.keys.empty());
  backend_.erase(sqlite::Bucket::lease, lease.row, lease.hash);
  rows_.erase(lease.row);
  leases_.erase(found);
  ASSERT(rows_.size() == leases_.size());
  if (listener_ != nullptr) listener_->on_lease_revoked(id);
}

void Leases::write(LeaseId id, Lease& lease, const base::Hash128* replaced) {
  leasepb::Lease record;
  record.set_id(static_cast<std::int64_t>(id));
  record.set_ttl(lease.granted_ttl);
  record.set_remainingttl(lease.remaining_ttl);
  sqlite::Row row{sqlite::Bucket::lease, lease.row, 0, 0, record.SerializeAsString()};
  lease.hash = hash(row);
  backend_.put(std::move(row), replaced);
}

// --- keys ---------------------------------------------------------------------------------------------

void Leases::on_changes(const std::vector<mvcc::KeyChange>& changes) {
  for (const mvcc::KeyChange& change : changes) follow(change.kind, change.fields);
}

void Leases::follow(mvcc::RowKind kind, const mvcc::Record& record) {
  const LeaseId id{kind == mvcc::RowKind::put ? record.lease : 0};
  id == LeaseId::none ? detach(record.key) : attach(record.key, id);
}

LeaseKeys& Leases::keys_of(LeaseId id) {
  const auto found = leases_.find(id);
  ASSERT(found != leases_.end());
  return found->second.keys;
}

void Leases::attach(std::string_view key, LeaseId id) {
  const auto known = attached_.find(key);
  if (known != attached_.end() && known->second == id) return;
  detach(key);
  attached_.emplace(key, id);
  if (is_loaded_) keys_of(id).emplace(key);
}

void Leases::detach(std::string_view key) {
  const auto known = attached_.find(key);
  if (known == attached_.end()) return;
  if (is_loaded_) {
    LeaseKeys& keys = keys_of(known->second);
    keys.erase(keys.find(key));
  }
  attached_.erase(known);
}

}  // namespace etcd
