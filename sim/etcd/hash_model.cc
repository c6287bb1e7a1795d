#include "sim/etcd/hash_model.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "sim/etcd/txn_model.h"

namespace sim::etcd {

namespace {

// As etcd names a row: main and sub revision, big-endian.
std::string name_of(const ModelRow& row) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(row.main >> shift & 0xff));
  out.push_back('_');
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(row.sub >> shift & 0xff));
  if (row.is_tombstone) out.push_back('t');
  return out;
}

}  // namespace

std::string record_of(const ModelRow& row) {
  if (!row.is_tombstone) return to_wire(*row.kv).SerializeAsString();
  ModelKeyValue key_alone;
  key_alone.key = row.kv->key;
  return to_wire(key_alone).SerializeAsString();
}

std::uint32_t hash_kv(const Model& model, std::int64_t revision, std::int64_t compacted) {
  ASSERT(compacted <= revision);
  // What a compaction at `revision` would keep: the pairs that stand there. When there are none etcd leaves nothing out.
  std::set<std::pair<std::int64_t, std::int64_t>> standing;
  for (const ModelRow& row : model.rows(revision, revision)) {
    if (!row.is_tombstone) standing.emplace(row.main, row.sub);
  }
  base::Crc32c crc;
  crc.add("key");
  for (const ModelRow& row : model.rows(compacted, revision)) {
    // One exactly at the compacted revision is there, but releases differ, so it counts for nobody.
    if (row.is_tombstone && row.main == compacted) continue;
    if (row.main <= compacted && !standing.empty() && standing.count({row.main, row.sub}) == 0) continue;
    crc.add(name_of(row));
    crc.add(record_of(row));
  }
  return crc.value();
}

}  // namespace sim::etcd
