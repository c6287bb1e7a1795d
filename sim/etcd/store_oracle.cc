#include "sim/etcd/store_oracle.h"

#include <vector>

#include "sim/etcd/hash_model.h"
#include "storage/mvcc/compacted_row.h"

namespace sim::etcd {

namespace {

using Place = std::pair<std::int64_t, std::int64_t>;

std::string text_of(const ModelRow& row) {
  return std::string(row.is_tombstone ? "the delete" : "the put") + " of " + row.kv->key + " at revision " + std::to_string(row.main) + "." +
         std::to_string(row.sub);
}

std::map<Place, ModelRow> by_place(const std::vector<ModelRow>& rows) {
  std::map<Place, ModelRow> out;
  for (const ModelRow& row : rows) out.emplace(Place{row.main, row.sub}, row);
  return out;
}

}  // namespace

// Columns and records as docs/formats/key-rows.md has them.
void StoredRows::on_row(const sqlite::RowView& row) {
  if (row.bucket == sqlite::Bucket::compaction) {
    const base::Result<mvcc::Revision> revision = mvcc::parse_compacted_row(row);
    if (!revision) malformed_ = revision.error().detail;
    else compacted_ = mvcc::to_signed(*revision);
  } else if (row.bucket == sqlite::Bucket::key) {
    const bool is_new = keys_.emplace(Place{row.main, row.sub / 2}, Stored{row.sub % 2 == 1, std::string(row.value)}).second;
    if (!is_new) malformed_ = "two rows have the revision " + std::to_string(row.main) + "." + std::to_string(row.sub / 2);
  }
}

std::string StoredRows::difference(const Model& model, ModelPosition position, Removal removal) const {
  if (!malformed_.empty()) return malformed_;
  if (compacted_.value_or(-1) != position.compacted) {
    return "the store says that it is compacted at " + std::to_string(compacted_.value_or(-1)) + " instead of " +
           std::to_string(position.compacted);
  }
  const std::map<Place, ModelRow> left = by_place(model.rows(position.compacted, position.revision));
  for (const auto& [place, row] : left) {
    if (keys_.find(place) == keys_.end()) return "the store lacks " + text_of(row) + ", which compaction at " + std::to_string(position.compacted) + " leaves";
  }
  const std::map<Place, ModelRow> known = by_place(model.rows(-1, position.revision));
  for (const auto& [place, stored] : keys_) {
    const auto row = known.find(place);
    if (row == known.end()) {
      return "the store holds a row of revision " + std::to_string(place.first) + "." + std::to_string(place.second) + ", which nobody wrote";
    }
    if (stored.is_tombstone != row->second.is_tombstone || stored.record != record_of(row->second)) {
      return "the row of " + text_of(row->second) + " is not what was written";
    }
    const bool is_superfluous = place.first < position.compacted && left.find(place) == left.end();
    if (is_superfluous && removal == Removal::over) {
      return "the store still holds " + text_of(row->second) + ", long after compaction at " + std::to_string(position.compacted);
    }
  }
  return {};
}

}  // namespace sim::etcd
