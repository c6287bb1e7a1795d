// core/etcd/leases.h: the leases and the keys that hang on them, as the log has it (behaviour reference §5).
//
// When a lease runs out is its leader's matter (lessor.h); nothing here knows of time. A row of the bucket `lease` is a serialized
// leasepb.Lease; its id is a running number from 1, since lease ids take all 64 bits. What hangs on a lease is no row of its own: the
// newest record of a key names its lease.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/base/result.h"
#include "storage/mvcc/rows.h"
#include "storage/mvcc/store.h"
#include "storage/sqlite/backend.h"

namespace etcd {

enum class LeaseId : std::int64_t { none = 0 };  // a client's may be negative

inline constexpr std::int64_t kLeaseTtlMax = 9'000'000'000;  // seconds; as nanoseconds it still fits into 64 bits

using LeaseKeys = std::set<std::string, std::less<>>;

struct Lease {
  std::int64_t granted_ttl = 0;    // seconds
  std::int64_t remaining_ttl = 0;  // of the last checkpoint; 0: none since it was granted or renewed
  LeaseKeys keys;

  std::uint64_t row = 0;  // where it stands in the bucket,
  base::Hash128 hash;     // and what stands there
};

// Told what an entry does to leases, within it.
class LeaseListener {
 public:
  virtual void on_lease_granted(LeaseId id, const Lease& lease) = 0;
  virtual void on_lease_checkpointed(LeaseId id, const Lease& lease) = 0;
  virtual void on_lease_revoked(LeaseId id) = 0;  // it is gone

 protected:
  ~LeaseListener() = default;
};

class Leases {
 public:
  explicit Leases(sqlite::Backend& backend) : backend_(backend) {}

  // Null: nobody.
  void set_listener(LeaseListener* listener) { listener_ = listener; }

  // While the store opens: rows of the buckets `key` and `lease`, each in order. What is wrong with a record of `key` is for mvcc::Loader
  // to tell.
  void on_row(const sqlite::RowView& row);
  // Once, after the last row. `damaged` when a row is no lease, or a key hangs on one that is not there.
  base::Status load();

  const Lease* find(LeaseId id) const;  // null: there is none
  // By id, ascending.
  const std::map<LeaseId, Lease>& all() const { return leases_; }

  // Within an entry. Requires: there is no such lease, and the id is not `none`.
  void grant(LeaseId id, std::int64_t ttl);
  // Within an entry. A lease that is not there is passed over.
  void checkpoint(LeaseId id, std::int64_t remaining_ttl);
  // Within an entry, when its keys are gone. Requires: there is such a lease, and nothing hangs on it.
  void remove(LeaseId id);
  // What the entry that ends did to keys. Requires: each lease that a record names is there.
  void on_changes(const std::vector<mvcc::KeyChange>& changes);

 private:
  void follow(mvcc::RowKind kind, const mvcc::Record& record);
  void on_lease_row(const sqlite::RowView& row);
  LeaseKeys& keys_of(LeaseId id);
  void attach(std::string_view key, LeaseId id);
  void detach(std::string_view key);
  void write(LeaseId id, Lease& lease, const base::Hash128* replaced);

  sqlite::Backend& backend_;
  LeaseListener* listener_ = nullptr;
  std::map<LeaseId, Lease> leases_;
  std::set<std::uint64_t> rows_;                          // of all leases
  std::map<std::string, LeaseId, std::less<>> attached_;  // invariant: what the leases' keys say, from the other side
  bool is_loaded_ = false;
  base::Status status_;
};

}  // namespace etcd
