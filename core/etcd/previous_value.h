// core/etcd/previous_value.h: what stood there before a change, for watchers that want to know.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "storage/mvcc/store.h"

namespace etcd {

// The record that the key had at the revision before `revision`; empty when it had none, or that is compacted (behaviour reference §4.1).
inline base::Result<std::string> value_before(mvcc::Store& store, std::string_view key, mvcc::Revision revision) {
  const mvcc::Revision before = revision.previous();
  if (before < store.compacted()) return std::string();
  const mvcc::KeyVersion* const version = store.find(key, before);
  if (version == nullptr) return std::string();
  const base::Result<std::string_view> record = store.read(*version);
  if (!record) return base::fail(record.error());
  return std::string(*record);
}

}  // namespace etcd
