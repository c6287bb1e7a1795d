#include "sim/etcd/foreign_writes.h"

#include "core/base/assert.h"

namespace sim::etcd {

std::string ForeignWrites::on_committed(std::string_view bytes, std::int64_t revision) {
  if (revision > 0) puts_.emplace(revision, bytes);
  const auto known = writes_.find(bytes);
  if (known == writes_.end()) return "was sent by no client";
  Fates& fates = known->second;
  ++fates.committed;
  if (fates.committed > fates.sent) return "took effect more often than it was sent";
  if (fates.committed + fates.refused > fates.sent) return "took effect after its client was told that it did not";
  return {};
}

std::string ForeignWrites::on_refused(const std::string& bytes) {
  Fates& fates = writes_[bytes];
  ++fates.refused;
  ASSERT(fates.refused <= fates.sent);
  return fates.committed + fates.refused > fates.sent ? "it was refused, but took effect" : "";
}

bool ForeignWrites::is_put_at(std::int64_t revision, const std::string& bytes) const {
  const auto found = puts_.find(revision);
  return found != puts_.end() && found->second == bytes;
}

}  // namespace sim::etcd
