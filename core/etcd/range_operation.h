// core/etcd/range_operation.h: KV/Range, at once when it is serializable, after a read index otherwise.
//
// What one slice finishes is answered in the same turn. What is larger goes on in slices (range_scan.h); its answer
// is in memory while it grows, in parts, since one message it must be: who wants less asks with a limit, or for a RangeStream.
// A compaction may overtake it. Then a revision that was named is answered with Compacted, and the newest is read anew. When another
// store is installed meanwhile it ends as unavailable.
#pragma once

#include <string>
#include <vector>

#include "core/api/kv.pb.h"
#include "core/etcd/linearizable_read.h"
#include "core/etcd/pool.h"
#include "core/etcd/range_scan.h"
#include "core/etcd/slice_queue.h"

namespace etcd {

ScanBudget slice_budget(const Tuning& tuning);

// The response of a Range as it grows: in parts of about a megabyte, so that nothing large is ever copied.
struct RangeAnswer {
  std::vector<std::string> parts;
  std::string last;            // the one that grows
  std::size_t parts_bytes = 0;
  base::StoreGeneration generation;  // of the store that is read
  unsigned begun_count = 0;    // once, and once more for each compaction that made it begin anew
};

// A Range that has more than one slice.
class LargeRange final : private Sliced, private rpc::CallCancelled {
 public:
  LargeRange(ServiceContext& context, SliceQueue& queue, Pool<LargeRange>& pool)
      : context_(context), queue_(queue), pool_(pool) {}

  // Takes all of them over as the first slice left them, and returns to the pool once the call is answered.
  void go_on(rpc::UnaryCall& call, etcdserverpb::RangeRequest& request, RangeScan scan, RangeAnswer answer);

 private:
  void run_slice() override;
  void on_cancelled() override;
  void finish();

  ServiceContext& context_;
  SliceQueue& queue_;
  Pool<LargeRange>& pool_;
  rpc::UnaryCall* call_ = nullptr;  // null: idle
  etcdserverpb::RangeRequest request_;
  RangeScan scan_;
  RangeAnswer answer_;
};

// Answers from the store as it stands.
class RangeReader {
 public:
  RangeReader(ServiceContext& context, SliceQueue& queue) : context_(context), queue_(queue) {}

  // Now or in slices; may take the request over. Requires: it is valid.
  void answer(rpc::UnaryCall& call, etcdserverpb::RangeRequest& request);

 private:
  ServiceContext& context_;
  SliceQueue& queue_;
  Pool<LargeRange> large_;
};

class RangeOperation final : private LinearizableRead {
 public:
  RangeOperation(ServiceContext& context, RangeReader& reader, Pool<RangeOperation>& pool)
      : LinearizableRead(context), reader_(reader), pool_(pool) {}

  // Takes the request over, and returns to the pool once it may be read. Requires: the request is valid.
  void start(rpc::UnaryCall& call, etcdserverpb::RangeRequest& request);

 private:
  void answer(rpc::UnaryCall& call) override;
  void abandoned() override { pool_.give_back(*this); }

  RangeReader& reader_;
  Pool<RangeOperation>& pool_;
  etcdserverpb::RangeRequest request_;
};

}  // namespace etcd
