#include "storage/wal/judge.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"

namespace wal {
namespace {

// The newest statement about which segments are needed. A segment that cannot be read hides what it says: then there is
// no telling what is missing and what was dropped.
base::Result<SegmentNumber> oldest_needed(std::string_view directory, const std::vector<FoundSegment>& found) {
  for (auto segment = found.rbegin(); segment != found.rend(); ++segment) {
    if (!segment->scan) return base::fail(segment->scan.error());
    if (segment->scan->batches.empty()) continue;
    SegmentNumber oldest;
    for (const ScannedBatch& batch : segment->scan->batches) {
      if (batch.contents.start) oldest = std::max(oldest, batch.contents.oldest_segment);
    }
    return oldest;
  }
  return damaged(segment_path(directory, found.front().number), kFirstBatchOffset, "the log holds no batch at all");
}

// Drops leftovers; then every segment is there and readable, and all are of one member.
base::Status check_segments(std::string_view directory, SegmentNumber oldest, std::vector<FoundSegment>& found) {
  found.erase(found.begin(), std::find_if(found.begin(), found.end(),
                                          [oldest](const FoundSegment& segment) { return segment.number >= oldest; }));
  ASSERT(!found.empty());  // the segment that named `oldest` is not below it
  SegmentNumber expected = oldest;
  for (const FoundSegment& segment : found) {
    const std::string path = segment_path(directory, expected);
    if (segment.number != expected) return damaged(path, 0, "the file is missing");
    if (!segment.scan) return base::fail(segment.scan.error());
    if (segment.scan->header.identity != found.front().scan->header.identity) {
      return base::fail(base::Code::invalid, path + ": this segment is another member's");
    }
    expected = expected.next();
  }
  return {};
}

class Joining {
 public:
  explicit Joining(std::string_view directory) : directory_(directory) {}

  base::Status add(SegmentScan& scan) {
    const std::string path = segment_path(directory_, scan.header.number);
    log_.headers.push_back(scan.header);
    log_.marks.add(scan.marks);
    proven_ = std::max(proven_, scan.proven);
    if (scan.batches.empty()) {
      if (log_.batches.empty()) return damaged(path, kFirstBatchOffset, "the first batch of the segment is not there");
      // Its first batch is what is missing if others of it are there; otherwise it was never used.
      if (scan.proven > BatchNumber() && !is_broken_) {
        stops_at(path, kFirstBatchOffset);
        is_broken_ = true;
      }
      return {};
    }
    const BatchNumber first = scan.batches.front().number;
    if (!log_.batches.empty()) {
      if (first > log_.batches.back().number.next()) {
        is_broken_ = true;  // and this segment proves it: see verdict()
        return {};
      }
      if (const base::Status status = drop_rewritten(first, path); !status) return status;
    }
    std::move(scan.batches.begin(), scan.batches.end(), std::back_inserter(log_.batches));
    log_.last_header = scan.header;
    log_.last_first_batch = first;
    log_.last_end = scan.end;
    stops_at(path, scan.end);
    is_broken_ = scan.proven > log_.batches.back().number.next();
    return {};
  }

  base::Result<Judged> verdict() {
    ASSERT(!log_.batches.empty());
    const BatchNumber end = log_.batches.back().number.next();
    if (proven_ > end) {
      return damaged(broken_at_, broken_offset_,
                     "batch " + base::to_text(end) + " is gone or changed, and batches up to " +
                         base::to_text(proven_.previous()) + " were durable");
    }
    log_.batches_end = end;
    log_.proven = proven_;
    ASSERT(log_.proven <= end);
    return std::move(log_);
  }

 private:
  // A restart wrote the batches from `first` on again, into the segment at `path`.
  base::Status drop_rewritten(BatchNumber first, std::string_view path) {
    if (first <= log_.last_first_batch) {
      return damaged(path, kFirstBatchOffset, "the segment begins with a batch that an older segment begins with");
    }
    while (log_.batches.back().number >= first) {
      if (log_.batches.back().synced_before > first) {
        return damaged(path, kFirstBatchOffset, "the segment replaces batches that were durable before");
      }
      log_.marks.add(base::Mark::log_rewritten_over);
      log_.batches.pop_back();
    }
    return {};
  }

  void stops_at(std::string path, std::uint64_t offset) {
    broken_at_ = std::move(path);
    broken_offset_ = offset;
  }

  std::string_view directory_;
  Judged log_;
  BatchNumber proven_;
  // Where the sequence stops, and whether that is known to be too early.
  std::string broken_at_;
  std::uint64_t broken_offset_ = 0;
  bool is_broken_ = false;
};

}  // namespace

base::Result<Judged> judge(std::string_view directory, std::vector<FoundSegment> found) {
  ASSERT(!found.empty());
  const base::Result<SegmentNumber> oldest = oldest_needed(directory, found);
  if (!oldest) return base::fail(oldest.error());
  if (const base::Status status = check_segments(directory, *oldest, found); !status) return base::fail(status.error());
  Joining joining(directory);
  for (FoundSegment& segment : found) {
    if (const base::Status status = joining.add(*segment.scan); !status) return base::fail(status.error());
  }
  return joining.verdict();
}

}  // namespace wal
