// storage/mvcc/revision.h: points in the history of the store.
//
// Each log entry that changes anything raises the main revision by one; its changes share it and are told
// apart by a sub revision, 0, 1, 2 … in the order in which they were made (etcd: behaviour reference §3.4).
#pragma once

#include <cstdint>

#include "core/base/assert.h"
#include "core/base/ids.h"

namespace mvcc {

using Revision = base::Ordinal<struct RevisionTag>;     // main; the empty store stands at 1
using SubRevision = base::Ordinal<struct SubRevisionTag>;
using RowId = base::Ordinal<struct RowIdTag>;           // of the bucket `key`: dense, in the order of change, from 1

inline constexpr Revision kEmptyStoreRevision{1};

// The wire and the rows carry signed numbers; ours are never negative.
inline std::int64_t to_signed(Revision revision) { return static_cast<std::int64_t>(revision.value()); }
inline Revision revision_from(std::int64_t value) {
  ASSERT(value >= 0);
  return Revision(static_cast<std::uint64_t>(value));
}

}  // namespace mvcc
