// The oracle of the rows, fed good and bad stores.
#include "sim/etcd/store_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/etcd/hash_model.h"
#include "storage/mvcc/compacted_row.h"

namespace sim::etcd {

namespace {

struct StoreOracleFixture {
  // k1 put (2), put (3), deleted (4); k2 put (5)
  StoreOracleFixture() { model.put("k1", "a"), model.put("k1", "b"), model.erase("k1", ""), model.put("k2", "c"); }

  // Every change but those at `missing`.
  StoredRows store(const std::vector<std::int64_t>& missing, std::int64_t compacted) const {
    StoredRows rows;
    std::uint64_t id = 0;
    for (const ModelRow& row : model.rows(-1, model.revision())) {
      ++id;
      if (std::count(missing.begin(), missing.end(), row.main) > 0) continue;
      const std::string record = record_of(row);
      rows.on_row({sqlite::Bucket::key, id, row.main, 2 * row.sub + (row.is_tombstone ? 1 : 0), record});
    }
    if (compacted >= 0) rows.on_row(mvcc::make_compacted_row(mvcc::Revision(static_cast<std::uint64_t>(compacted))).view());
    return rows;
  }
  std::string judge(const std::vector<std::int64_t>& missing, std::int64_t compacted, StoredRows::Removal removal) const {
    return store(missing, compacted).difference(model, {model.revision(), compacted}, removal);
  }
  Model model;
};

}  // namespace

TEST_CASE("compaction leaves what stands and what happened at its revision, and in the end nothing else") {
  using Removal = StoredRows::Removal;
  struct Case { const char* name; std::vector<std::int64_t> missing; std::int64_t compacted; Removal removal; bool is_right; };
  const Case cases[] = {
      {"never compacted", {}, -1, Removal::over, true},
      {"a row is gone", {3}, -1, Removal::over, false},
      {"not removed yet", {}, 4, Removal::under_way, true},
      {"half removed", {2}, 4, Removal::under_way, true},
      {"removed", {2, 3}, 4, Removal::over, true},
      {"half removed, and no more to come", {2}, 4, Removal::over, false},
      {"a delete exactly there is gone", {2, 3, 4}, 4, Removal::under_way, false},
      {"a delete below it may be gone", {2, 3, 4}, 5, Removal::over, true},
      {"and has to be in the end", {2, 3}, 5, Removal::over, false},
      {"what stands is gone", {2, 3, 4, 5}, 5, Removal::under_way, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const StoreOracleFixture f;
    const std::string wrong = f.judge(c.missing, c.compacted, c.removal);
    CAPTURE(wrong);
    CHECK_EQ(wrong.empty(), c.is_right);
  }
}

TEST_CASE("a store at another compaction, with a row of nobody's, or with other bytes is caught") {
  const StoreOracleFixture f;
  const ModelPosition now = {f.model.revision(), -1};
  CHECK_FALSE(f.store({}, 4).difference(f.model, now, StoredRows::Removal::under_way).empty());
  StoredRows strange = f.store({}, -1);
  strange.on_row({sqlite::Bucket::key, 9, 9, 0, "x"});
  CHECK_FALSE(strange.difference(f.model, now, StoredRows::Removal::under_way).empty());
  StoredRows changed = f.store({5}, -1);
  changed.on_row({sqlite::Bucket::key, 4, 5, 0, "x"});
  CHECK_FALSE(changed.difference(f.model, now, StoredRows::Removal::under_way).empty());
  StoredRows twice = f.store({}, -1);
  twice.on_row({sqlite::Bucket::key, 9, 5, 0, "x"});
  CHECK_FALSE(twice.difference(f.model, now, StoredRows::Removal::under_way).empty());
}

}  // namespace sim::etcd
