// storage/wal/segments.h: the segments of an open log, and which of them it still needs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/disk.h"
#include "io/random.h"
#include "storage/wal/batch.h"
#include "storage/wal/format.h"
#include "storage/wal/wal.h"

namespace wal {

// A segment that batches are appended to.
struct OpenSegment {
  SegmentHeader header;
  std::string path;
  std::unique_ptr<io::LogFile> file;
  std::uint64_t end = kFirstBatchOffset;  // where the next batch goes
  std::uint64_t chain = 0;                // what the next batch is chained to
};

// A segment that is full, or was when the member started.
struct ClosedSegment {
  SegmentNumber number;
  std::uint64_t bytes = 0;  // length of the file
  base::LogIndex last;      // highest log index of its entries that still count; 0 when none do
};

// How long a segment is that must hold a first batch of `padded_bytes`, and the empty batch behind it.
std::uint64_t segment_bytes_for(const Options& options, std::uint64_t padded_bytes);

// With a salt of its own. Requires: one call per (number, bytes) and incarnation.
SegmentHeader new_header(io::Random& random, const Identity& identity, SegmentNumber number, std::uint64_t bytes);

// Makes the file of a segment, durably: header, `first_batch` (may be empty), and zeros or, when `recycled` names a spare
// of the same length, whatever that holds. Replaces a segment of that number. In a job. After an error the segment may be
// there or not, and so may the spare; trying again is safe without a spare.
base::Status make_segment(io::Disk& disk, std::string_view directory, const SegmentHeader& header,
                          std::string_view first_batch, std::optional<SegmentNumber> recycled);

// Opens a segment of make_segment() for appending. In a job.
base::Result<OpenSegment> open_segment(io::Disk& disk, std::string_view directory, const SegmentHeader& header);

// What recover() hands to Wal, and Wal's account of its files.
class Segments {
 public:
  // What a segment's first batch repeats.
  struct Tail {
    base::LogStart start;
    base::HardState hard_state;
    base::StoreMark store_mark;
    base::EntryId last;  // of the last entry, or start.last_dropped when there is none
  };
  // The batch that recover() wrote, for the observer. No entries: first == last == 0/0.
  struct Rewritten {
    std::string bytes;
    base::EntryId first;  // 0/0 when there are no entries
    base::EntryId last;
  };

  Segments(Tail tail, OpenSegment current, BatchNumber next_batch);

  // Requires: older than the current one, and in order.
  void add_closed(ClosedSegment segment);

  // Takes over what the batch says, and drops the entries that it replaces or drops. Requires: as Wal::append().
  void apply(const Batch& batch);
  // Entries up to `last` were put into the current segment.
  void note_entries(base::LogIndex last) { current_last_ = last; }
  // The current segment takes no more.
  void switch_to(OpenSegment next);

  // The oldest segment with entries that still count, the one that takes the next batch if there is none:
  // the current one, or the one behind it.
  SegmentNumber oldest_needed() const;
  SegmentNumber oldest_needed_after_switch() const;
  // Takes the segments below `oldest` off the account.
  std::vector<ClosedSegment> take_below(SegmentNumber oldest);

  const Tail& tail() const { return tail_; }
  OpenSegment& current() { return current_; }
  const OpenSegment& current() const { return current_; }
  std::size_t closed_count() const { return closed_.size(); }

  BatchNumber next_batch;  // the number of the next batch
  Rewritten rewritten;     // until the Wal has told the observer

 private:
  Tail tail_;
  std::vector<ClosedSegment> closed_;
  OpenSegment current_;
  base::LogIndex current_last_;  // as ClosedSegment::last
};

}  // namespace wal
