// sim/etcd/store_oracle.h: the rows that a member leaves on its disk are those that the log made.
//
// Of the entries that the store says it has applied, every row stands there that compaction has to leave, byte for byte,
// a delete exactly at the compacted revision too; no row stands there that nobody wrote; and what compaction made
// superfluous is gone, when there was time enough for that. No answer to a client shows all of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/ids.h"
#include "sim/etcd/model.h"
#include "storage/sqlite/backend.h"

namespace sim::etcd {

// The rows of a store, as they are read.
class StoredRows final : public sqlite::RowVisitor {
 public:
  static constexpr std::string_view kName = "store";

  void on_row(const sqlite::RowView& row) override;
  // Empty: they are what the log made, up to this position.
  enum class Removal : std::uint8_t { under_way, over };
  std::string difference(const Model& model, ModelPosition position, Removal removal) const;

 private:
  struct Stored {
    bool is_tombstone = false;
    std::string record;
  };
  std::map<std::pair<std::int64_t, std::int64_t>, Stored> keys_;  // by main and sub revision
  std::optional<std::int64_t> compacted_;
  std::string malformed_;
};

}  // namespace sim::etcd
