#include "storage/wal/scan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/base/bytes.h"

namespace wal {
namespace {

// `front` is what lies before the first batch of a file of `file_bytes`.
base::Result<SegmentHeader> read_header(std::string_view front, std::uint64_t file_bytes, SegmentNumber number,
                                        std::string_view path) {
  if (front.size() < kFirstBatchOffset) return damaged(path, front.size(), "the file ends before its first batch");
  base::Result<SegmentHeader> header = decode_header(front.substr(0, kSectorBytes));
  if (!header) {
    if (header.error().code == base::Code::damaged) return damaged(path, 0, header.error().detail);
    return base::fail(header.error().code, std::string(path) + ": " + header.error().detail);
  }
  if (header->number != number) {
    return damaged(path, 0, "the file holds segment " + base::to_text(header->number));
  }
  if (header->bytes != file_bytes) {
    return damaged(path, std::min(header->bytes, file_bytes),
                   "the file has " + std::to_string(file_bytes) + " bytes, not " + std::to_string(header->bytes));
  }
  return header;
}

// What the first batch of a segment owes the others (docs/formats/wal.md, "Records").
base::Status check_first(const BatchView& batch, const Contents& contents) {
  if (batch.place.synced_before != batch.place.number) {
    return base::fail(base::Code::damaged, "a segment was begun before the one before it was durable");
  }
  if (!contents.hard_state || !contents.store_mark || !contents.start) {
    return base::fail(base::Code::damaged, "the first batch of a segment lacks a part of the state");
  }
  return {};
}

// The first `bytes` of the file, or what there is of them.
base::Result<std::string> read(io::PageFile& file, std::uint64_t bytes) {
  std::string out(bytes, '\0');
  const base::Result<std::size_t> count = file.read(0, base::as_writable_bytes(out));
  if (!count) return base::fail(count.error());
  out.resize(*count);
  return out;
}

// Where the file's intact batches stop following each other, they may still go on.
void scan_behind(std::string_view file, SegmentScan& scan) {
  for (std::uint64_t offset = scan.end; offset < file.size(); offset += kSectorBytes) {
    const std::optional<BatchView> batch = find_batch(file, offset, scan.header);
    if (batch) scan.proven = std::max(scan.proven, batch->place.synced_before);
  }
}

}  // namespace

base::Result<SegmentScan> scan_segment(std::string_view file, SegmentNumber number, std::string_view path) {
  base::Result<SegmentHeader> header = read_header(file.substr(0, kFirstBatchOffset), file.size(), number, path);
  if (!header) return base::fail(header.error());
  SegmentScan scan;
  scan.header = *header;
  scan.end = kFirstBatchOffset;
  std::uint64_t chain = checksum_of(scan.header);
  while (scan.end < file.size()) {
    const std::optional<BatchView> batch = find_batch(file, scan.end, scan.header);
    if (!batch) break;
    // Every batch of this salt was written once, in order, to its own place: no tear explains a wrong neighbour.
    if (batch->place.chain != chain) return damaged(path, scan.end, "an intact batch does not follow the one before it");
    if (!scan.batches.empty() && batch->place.number != scan.batches.back().number.next()) {
      return damaged(path, scan.end, "batch " + base::to_text(batch->place.number) + " follows batch " +
                                         base::to_text(scan.batches.back().number));
    }
    base::Result<Contents> contents = decode_records(*batch);
    base::Status status;
    if (!contents) {
      status = base::fail(contents.error());
    } else if (scan.batches.empty()) {
      status = check_first(*batch, *contents);
    }
    if (!status && status.error().code == base::Code::damaged) return damaged(path, scan.end, status.error().detail);
    if (!status) return base::fail(status.error().code, std::string(path) + ": " + status.error().detail);
    if (contents->start && contents->oldest_segment > number) {
      return damaged(path, scan.end, "a batch calls its own segment superfluous");
    }
    scan.proven = std::max(scan.proven, batch->place.synced_before);
    scan.batches.push_back({number, batch->place.number, batch->place.synced_before, std::move(*contents)});
    chain = batch->checksum;
    scan.end += round_up_to_sector(batch->bytes);
  }
  if (const std::optional<SegmentNumber> claimed = claimed_segment(file, scan.end)) {
    scan.marks.add(*claimed == number ? base::Mark::log_tail_torn : base::Mark::log_tail_recycled);
  }
  scan_behind(file, scan);
  return scan;
}

base::Result<SegmentScan> scan_file(io::Disk& disk, std::string_view directory, SegmentNumber number) {
  const std::string path = segment_path(directory, number);
  base::Result<std::unique_ptr<io::PageFile>> file = disk.open_page_file(path, io::Open::existing);
  if (!file) return base::fail(file.error());
  const base::Result<std::uint64_t> size = (*file)->size();
  if (!size) return base::fail(size.error());
  base::Result<std::string> front = read(**file, kFirstBatchOffset);
  if (!front) return base::fail(front.error());
  // Before memory is set aside for a file that may be anything.
  const base::Result<SegmentHeader> header = read_header(*front, *size, number, path);
  if (!header) return base::fail(header.error());
  const base::Result<std::string> bytes = read(**file, header->bytes);
  if (!bytes) return base::fail(bytes.error());
  return scan_segment(*bytes, number, path);
}

}  // namespace wal
