#include "storage/wal/segments.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"

namespace wal {
namespace {

constexpr std::uint64_t kFillBytes = 1U << 20U;  // zeros are written in pieces of this size

base::Status fill_with_zeros(io::PageFile& file, std::uint64_t from, std::uint64_t to) {
  const std::string zeros(std::min(kFillBytes, to - from), '\0');
  for (std::uint64_t offset = from; offset < to;) {
    const std::uint64_t size = std::min<std::uint64_t>(zeros.size(), to - offset);
    const base::Status status = file.write(offset, base::as_bytes(std::string_view(zeros).substr(0, size)));
    if (!status) return status;
    offset += size;
  }
  return {};
}

// Header and first batch, and, in a new file, everything behind them.
base::Status fill_segment(io::PageFile& file, const SegmentHeader& header, std::string_view first_batch, bool is_new) {
  std::string front = encode(header);
  front.resize(kFirstBatchOffset, '\0');
  front.append(first_batch);
  ASSERT(front.size() <= header.bytes);
  if (is_new) {
    // What an earlier attempt left must not be longer than what the header says.
    if (base::Status status = file.truncate(0); !status) return status;
    if (base::Status status = fill_with_zeros(file, front.size(), header.bytes); !status) return status;
  }
  if (base::Status status = file.write(0, base::as_bytes(front)); !status) return status;
  return file.sync();
}

}  // namespace

std::uint64_t segment_bytes_for(const Options& options, std::uint64_t padded_bytes) {
  return std::max(round_up_to_sector(options.segment_bytes), kFirstBatchOffset + padded_bytes + kSectorBytes);
}

SegmentHeader new_header(io::Random& random, const Identity& identity, SegmentNumber number, std::uint64_t bytes) {
  return {identity, number, random.draw("wal-salt", {number.value(), bytes}), bytes};
}

base::Status make_segment(io::Disk& disk, std::string_view directory, const SegmentHeader& header,
                          std::string_view first_batch, std::optional<SegmentNumber> recycled) {
  const FileName made = recycled ? FileName{FileKind::spare, *recycled} : FileName{FileKind::unfinished, header.number};
  const std::string path = path_of(directory, made);
  {
    const io::Open mode = recycled ? io::Open::existing : io::Open::create;
    base::Result<std::unique_ptr<io::PageFile>> file = disk.open_page_file(path, mode);
    if (!file) return base::fail(file.error());
    const base::Status status = fill_segment(**file, header, first_batch, !recycled);
    file->reset();
    // On a full disk the half-filled file would only be in the way. The error to report is the first one.
    if (!status) static_cast<void>(disk.remove(path).has_value());
    if (!status) return status;
  }
  if (base::Status status = disk.rename(path, segment_path(directory, header.number)); !status) return status;
  return disk.sync_directory(directory);
}

base::Result<OpenSegment> open_segment(io::Disk& disk, std::string_view directory, const SegmentHeader& header) {
  OpenSegment segment;
  segment.header = header;
  segment.path = segment_path(directory, header.number);
  segment.chain = checksum_of(header);
  base::Result<std::unique_ptr<io::LogFile>> file = disk.open_log_file(segment.path);
  if (!file) return base::fail(file.error());
  segment.file = std::move(*file);
  return segment;
}

Segments::Segments(Tail tail, OpenSegment current, BatchNumber next)
    : next_batch(next), tail_(std::move(tail)), current_(std::move(current)) {}

void Segments::add_closed(ClosedSegment segment) {
  ASSERT(closed_.empty() || closed_.back().number < segment.number);
  ASSERT(segment.number < current_.header.number);
  closed_.push_back(segment);
}

void Segments::apply(const Batch& batch) {
  if (batch.hard_state) {
    ASSERT(batch.hard_state->term >= tail_.hard_state.term);  // a term never goes back (Raft §5.1)
    tail_.hard_state = *batch.hard_state;
  }
  if (batch.store_mark) {
    ASSERT(*batch.store_mark >= tail_.store_mark);
    tail_.store_mark = *batch.store_mark;
  }
  base::LogIndex dropped_above = tail_.last.index;
  if (batch.start) {
    ASSERT(batch.start->last_dropped >= tail_.start.last_dropped);
    ASSERT(batch.start->last_dropped.index >= tail_.start.last_dropped.index);
    tail_.start = *batch.start;
    ASSERT(batch.is_reset || tail_.start.last_dropped.index <= tail_.last.index);  // what is not there cannot be dropped
    if (batch.is_reset || tail_.last.index == tail_.start.last_dropped.index) {
      dropped_above = tail_.start.last_dropped.index;
      tail_.last = tail_.start.last_dropped;
    }
  }
  ASSERT(!batch.is_reset || batch.start);
  if (!batch.entries.empty()) {
    const base::EntryId first = batch.entries.front().id;
    ASSERT(first.index <= tail_.last.index.next());
    ASSERT(first.index > tail_.start.last_dropped.index);
    dropped_above = std::min(dropped_above, first.index.previous());
    base::EntryId last = {tail_.start.last_dropped.term, first.index.previous()};
    for (const base::Entry& entry : batch.entries) {
      ASSERT(entry.id.index == last.index.next());
      ASSERT(entry.id.term >= last.term);
      last = entry.id;
    }
    tail_.last = last;
  }
  for (ClosedSegment& segment : closed_) segment.last = std::min(segment.last, dropped_above);
  current_last_ = std::min(current_last_, dropped_above);
}

void Segments::switch_to(OpenSegment next) {
  ASSERT(next.header.number == current_.header.number.next());
  closed_.push_back({current_.header.number, current_.header.bytes, current_last_});
  current_ = std::move(next);
  current_last_ = {};
}

SegmentNumber Segments::oldest_needed() const {
  for (const ClosedSegment& segment : closed_) {
    if (segment.last > tail_.start.last_dropped.index) return segment.number;
  }
  return current_.header.number;
}

SegmentNumber Segments::oldest_needed_after_switch() const {
  const SegmentNumber oldest = oldest_needed();
  if (oldest < current_.header.number || current_last_ > tail_.start.last_dropped.index) return oldest;
  return current_.header.number.next();
}

std::vector<ClosedSegment> Segments::take_below(SegmentNumber oldest) {
  const auto end = std::find_if(closed_.begin(), closed_.end(),
                                [oldest](const ClosedSegment& segment) { return segment.number >= oldest; });
  std::vector<ClosedSegment> taken(closed_.begin(), end);
  closed_.erase(closed_.begin(), end);
  return taken;
}

}  // namespace wal
