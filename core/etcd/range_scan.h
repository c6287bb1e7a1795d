// core/etcd/range_scan.h: the keys that a Range answers with, in slices over as many turns as it takes
// (behaviour reference §2.2).
//
//   begin -> collecting -> [sorting -> appending, when an order is asked for] -> done
//
// The revision is pinned by begin(), and looked at again by each slice: what compaction took away meanwhile is
// answered with Compacted, never with half a range. In key order nothing is kept but what was appended. In
// another order keys with their versions are collected first, with their values where those decide: no more
// than `limit` of them, or as many as the answer will hold where there is no limit.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/api/kv.pb.h"
#include "core/base/result.h"
#include "core/etcd/kv_changes.h"
#include "storage/mvcc/store.h"

namespace etcd {

// What one slice may cost; it ends with the first of these.
struct ScanBudget {
  std::uint64_t keys = 0;   // looked at, or an eighth of them sorted
  std::uint64_t rows = 0;   // appended or read, perhaps from the disk
  std::uint64_t bytes = 0;  // likewise; the last row may exceed it

  static constexpr ScanBudget unlimited() {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    return {kMax, kMax, kMax};
  }
};

// The same request goes to every call, and is valid (validation.h).
class RangeScan {
 public:
  // Refuses a revision that cannot be read.
  Refusal begin(const mvcc::Store& store, const etcdserverpb::RangeRequest& request);

  // One slice: appends to `kvs`, as fields of a RangeResponse. Requires: begin() did not refuse, and !is_done().
  // An error is the disk's, and final, as is a refusal.
  base::Result<Refusal> run(mvcc::Store& store, const etcdserverpb::RangeRequest& request, const ScanBudget& budget,
                            std::string& kvs);
  bool is_done() const { return stage_ == Stage::done; }

  mvcc::Revision revision() const { return revision_; }      // of the store when it began: the header's
  std::uint64_t appended() const { return appended_; }       // keys, so far
  // The rest of the response: `more` and `count`. Requires: is_done().
  void append_totals(std::string& response) const;

 private:
  enum class Stage : std::uint8_t { collecting, sorting, appending, done };

  struct Item {  // of a range that is to be sorted
    std::string key;
    mvcc::KeyVersion version;
    std::string value;       // when it is compared
    std::int64_t lease = 0;  // likewise
  };
  class Order;
  class Slice;

  Stage stage_ = Stage::done;
  mvcc::Revision revision_;
  mvcc::Revision at_;            // what is read; invariant: at_ <= revision_
  std::string next_key_;         // collecting a range that is not a single key: where to go on
  std::uint64_t count_ = 0;      // keys in the range, so far
  std::uint64_t survivors_ = 0;  // those fetched that the filters let pass
  std::uint64_t appended_ = 0;
  std::vector<Item> items_;      // collecting: a heap, the last in the answer on top; sorting: the heap's part shrinks
  std::size_t heap_size_ = 0;    // sorting
};

}  // namespace etcd
