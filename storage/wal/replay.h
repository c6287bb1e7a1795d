// storage/wal/replay.h: from the batches of a log to what they say.
#pragma once

#include <vector>

#include "core/base/log_entry.h"
#include "core/base/result.h"
#include "storage/wal/scan.h"

namespace wal {

// Where an entry that still counts was read.
struct Origin {
  SegmentNumber segment;
  BatchNumber batch;
};

struct Replayed {
  base::LogStart start;
  base::HardState hard_state;
  base::StoreMark store_mark;
  std::vector<base::Entry> entries;  // behind start.last_dropped, without gaps; terms never fall
  std::vector<Origin> origins;       // of each of them; both numbers never fall
};

// Requires: `batches` is not empty and begins with a segment's first batch. Errors: damaged, without a place.
base::Result<Replayed> replay(std::vector<ScannedBatch> batches);

}  // namespace wal
