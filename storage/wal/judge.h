// storage/wal/judge.h: what the segments of a log say together: the log, or the damage.
//
// A pure function, so that every damage can be tried in a table.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/wal/scan.h"

namespace wal {

struct FoundSegment {
  SegmentNumber number;
  base::Result<SegmentScan> scan;
};

// Of a log that is not damaged.
struct Judged {
  std::vector<ScannedBatch> batches;  // not empty; numbers consecutive; those that a restart wrote again only once
  BatchNumber batches_end;            // behind the last of them
  BatchNumber proven;                 // every batch below was durable; invariant: <= batches_end
  std::vector<SegmentHeader> headers;  // of the segments that are needed, numbers consecutive; those below are leftovers
  // Of the segment that holds the last batch; segments after it were never used.
  SegmentHeader last_header;
  BatchNumber last_first_batch;
  std::uint64_t last_end = 0;         // offset behind its last batch
  base::Marks marks;
};

// Requires: `found` is not empty, in order of number. Errors: damaged, and the errors of the scans that matter.
base::Result<Judged> judge(std::string_view directory, std::vector<FoundSegment> found);

}  // namespace wal
