// storage/wal/batch.h: the bytes of a batch and of its records (docs/formats/wal.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log_entry.h"
#include "core/base/result.h"
#include "storage/wal/format.h"

namespace wal {

inline constexpr std::size_t kBatchHeaderBytes = 56;

// Where a batch stands and what it says of the others. `chain` is what it is chained to.
struct BatchPlace {
  BatchNumber number;
  BatchNumber synced_before;  // invariant: <= number
  std::uint64_t chain = 0;
  friend bool operator==(const BatchPlace&, const BatchPlace&) = default;
};

// Builds one batch after the other in a buffer that it keeps. begin(), any number of add(), seal().
class BatchWriter {
 public:
  void begin();
  void add(const base::Entry& entry);
  void add(const base::HardState& hard_state);
  void add(const base::StoreMark& mark);
  void add(const base::LogStart& start, SegmentNumber oldest_segment);
  void add_reset();

  // What seal() will return, padding included.
  std::uint64_t padded_bytes() const { return round_up_to_sector(buffer_.size()); }
  // Header, records and padding, ready for the disk; valid until begin(). Requires: sealed once per begin().
  std::string_view seal(const SegmentHeader& segment, const BatchPlace& place);
  // Of the batch sealed last: what the next one in this segment is chained to.
  std::uint64_t checksum() const { return checksum_; }

 private:
  std::string buffer_ = std::string(kBatchHeaderBytes, '\0');
  std::uint32_t record_count_ = 0;
  std::uint64_t checksum_ = 0;
  bool is_sealed_ = false;
};

// What the records of one batch say.
struct Contents {
  std::optional<base::HardState> hard_state;
  std::optional<base::StoreMark> store_mark;
  std::optional<base::LogStart> start;
  SegmentNumber oldest_segment;  // meaningful with `start`
  bool is_reset = false;         // no entry of an earlier batch counts any more
  std::vector<base::Entry> entries;
};

// A batch as it lies in a segment.
struct BatchView {
  BatchPlace place;
  std::uint64_t checksum = 0;
  std::uint64_t bytes = 0;  // without the padding
  std::uint32_t record_count = 0;
  std::string_view records;
};

// The batch of `segment` that starts at `offset`, if there is an intact one. Whether it is chained to its
// predecessor is for the caller to see. Requires: offset < file.size(), a whole number of sectors.
std::optional<BatchView> find_batch(std::string_view file, std::uint64_t offset, const SegmentHeader& segment);
// Whose batch begins there as far as its first words say, be it whole or not.
std::optional<SegmentNumber> claimed_segment(std::string_view file, std::uint64_t offset);

// Errors: invalid for a record of a newer format; damaged when the records make no sense although their checksum fits.
base::Result<Contents> decode_records(const BatchView& batch);

}  // namespace wal
