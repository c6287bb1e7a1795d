#include "core/etcd/compare.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "storage/mvcc/record.h"

namespace etcd {

using etcdserverpb::Compare;

namespace {

template <typename T>
int compare_order(const T& stored, const T& operand) {
  if (stored == operand) return 0;
  return stored < operand ? -1 : 1;
}

// What is stored with what is given. An operand of another kind than the target counts as 0 or empty, and
// against a target that nobody knows everything is equal.
int compare_order(const mvcc::Record& stored, const Compare& compare) {
  switch (static_cast<int>(compare.target())) {
    case Compare::VERSION: return compare_order(stored.version, compare.version());
    case Compare::CREATE: return compare_order(stored.create_revision, compare.create_revision());
    case Compare::MOD: return compare_order(stored.mod_revision, compare.mod_revision());
    case Compare::VALUE: return compare_order(stored.value, std::string_view(compare.value()));
    case Compare::LEASE: return compare_order(stored.lease, compare.lease());
    default: return 0;
  }
}

bool holds_of(const mvcc::Record& stored, const Compare& compare) {
  const int order = compare_order(stored, compare);
  switch (static_cast<int>(compare.result())) {
    case Compare::EQUAL: return order == 0;
    case Compare::NOT_EQUAL: return order != 0;
    case Compare::GREATER: return order > 0;
    case Compare::LESS: return order < 0;
    default: return true;  // a result that nobody knows
  }
}

base::Result<bool> holds_of(mvcc::Store& store, std::string_view key, const mvcc::KeyVersion& version,
                            const Compare& compare) {
  if (compare.target() != Compare::VALUE && compare.target() != Compare::LEASE) {
    return holds_of(mvcc::Record{.key = key,
                                 .create_revision = to_signed(version.created),
                                 .mod_revision = to_signed(version.modified),
                                 .version = static_cast<std::int64_t>(version.version)},
                    compare);
  }
  const base::Result<std::string_view> bytes = store.read(version);
  if (!bytes) return base::fail(bytes.error());
  const base::Result<mvcc::Record> record = mvcc::decode(*bytes);
  if (!record) return base::fail(record.error());
  return holds_of(*record, compare);
}

}  // namespace

base::Result<bool> holds(mvcc::Store& store, const Compare& compare) {
  const bool holds_of_nothing = compare.target() != Compare::VALUE && holds_of(mvcc::Record(), compare);
  if (compare.range_end().empty()) {
    const mvcc::KeyVersion* found = store.find(compare.key(), store.newest());
    if (found == nullptr) return holds_of_nothing;
    return holds_of(store, compare.key(), *found, compare);
  }
  std::vector<mvcc::Found> found;
  store.find({compare.key(), compare.range_end()}, store.newest(), std::numeric_limits<std::uint64_t>::max(), found);
  if (found.empty()) return holds_of_nothing;
  for (const mvcc::Found& key : found) {
    const base::Result<bool> one = holds_of(store, key.key, key.version, compare);
    if (!one || !*one) return one;
  }
  return true;
}

}  // namespace etcd
