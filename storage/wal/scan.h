// storage/wal/scan.h: what lies in one segment, and what it proves (docs/formats/wal.md, "Reading it back").
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/marks.h"
#include "core/base/result.h"
#include "io/disk.h"
#include "storage/wal/batch.h"

namespace wal {

struct ScannedBatch {
  SegmentNumber segment;
  BatchNumber number;
  BatchNumber synced_before;
  Contents contents;
};

struct SegmentScan {
  SegmentHeader header;
  std::vector<ScannedBatch> batches;  // from the first one on, numbers consecutive, each chained to the one before
  std::uint64_t end = 0;              // offset of the first place where no such batch is
  BatchNumber proven;                 // highest `synced_before` of any intact batch, also behind `end`
  base::Marks marks;
};

// Requires: `file` is the whole segment `number`; `path` names it in errors. Damage that needs other segments to be
// proven is not an error yet: see judge() in judge.h.
base::Result<SegmentScan> scan_segment(std::string_view file, SegmentNumber number, std::string_view path);

// Reads the file and scans it.
base::Result<SegmentScan> scan_file(io::Disk& disk, std::string_view directory, SegmentNumber number);

}  // namespace wal
