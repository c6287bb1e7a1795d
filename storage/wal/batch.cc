#include "storage/wal/batch.h"

#include <memory>

#include "core/base/assert.h"
#include "core/base/codec.h"
#include "core/base/hash.h"

namespace wal {
namespace {

constexpr std::uint32_t kBatchMagic = 0x3142534c;  // `LSB1`
constexpr std::size_t kChecksumBytes = 8;

enum class RecordKind : std::uint8_t { entry = 1, hard_state = 2, store_mark = 3, log_start = 4, reset = 5 };

constexpr std::uint64_t kEntryFixedBytes = 17;
constexpr std::uint64_t kLogStartFixedBytes = 24;

void write_record_header(base::ByteWriter& out, RecordKind kind, std::uint64_t body_bytes) {
  ASSERT(body_bytes <= UINT32_MAX);
  out.u8(static_cast<std::uint8_t>(kind));
  out.u32(static_cast<std::uint32_t>(body_bytes));
}

tl::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(base::Code::damaged, "a batch with a fitting checksum holds " + std::string(what));
}

base::Result<base::Entry> decode_entry(base::ByteReader body) {
  base::Entry entry;
  entry.id.term = base::Term(body.u64());
  entry.id.index = base::LogIndex(body.u64());
  const std::uint8_t kind = body.u8();
  if (!body.ok() || entry.id.index == base::LogIndex()) return malformed("an entry that is none");
  if (kind > static_cast<std::uint8_t>(base::EntryKind::configuration)) {
    return base::fail(base::Code::invalid, "an entry of the unknown kind " + std::to_string(kind) + ": start a newer program");
  }
  entry.kind = static_cast<base::EntryKind>(kind);
  const std::string_view data = body.raw(body.remaining());
  if (!data.empty()) entry.data = std::make_shared<const std::string>(data);
  return entry;
}

base::Status decode_record(std::uint8_t kind, base::ByteReader body, Contents& out) {
  switch (static_cast<RecordKind>(kind)) {
    case RecordKind::entry: {
      base::Result<base::Entry> entry = decode_entry(body);
      if (!entry) return base::fail(entry.error());
      out.entries.push_back(std::move(*entry));
      return {};
    }
    case RecordKind::hard_state: {
      base::HardState& hard_state = out.hard_state.emplace();
      hard_state.term = base::Term(body.u64());
      hard_state.voted_for = base::MemberId(body.u64());
      hard_state.committed = base::LogIndex(body.u64());
      if (!body.ok() || !body.at_end()) return malformed("a hard state of another size");
      return {};
    }
    case RecordKind::store_mark: {
      base::StoreMark& mark = out.store_mark.emplace();
      mark.generation = base::StoreGeneration(body.u64());
      mark.applied = base::LogIndex(body.u64());
      if (!body.ok() || !body.at_end()) return malformed("a store mark of another size");
      return {};
    }
    case RecordKind::log_start: {
      base::LogStart& start = out.start.emplace();
      start.last_dropped.term = base::Term(body.u64());
      start.last_dropped.index = base::LogIndex(body.u64());
      out.oldest_segment = SegmentNumber(body.u64());
      if (!body.ok()) return malformed("a log start that is cut short");
      start.configuration = std::string(body.raw(body.remaining()));
      return {};
    }
    case RecordKind::reset:
      if (!body.at_end()) return malformed("a reset of another size");
      if (!out.entries.empty()) return malformed("a reset behind entries");
      out.is_reset = true;
      return {};
  }
  return base::fail(base::Code::invalid, "a record of the unknown kind " + std::to_string(kind) + ": start a newer program");
}

}  // namespace

void BatchWriter::begin() {
  buffer_.assign(kBatchHeaderBytes, '\0');
  record_count_ = 0;
  is_sealed_ = false;
}

void BatchWriter::add(const base::Entry& entry) {
  ASSERT(!is_sealed_);
  base::ByteWriter out(buffer_);
  write_record_header(out, RecordKind::entry, kEntryFixedBytes + entry.bytes().size());
  out.u64(entry.id.term.value());
  out.u64(entry.id.index.value());
  out.u8(static_cast<std::uint8_t>(entry.kind));
  out.raw(entry.bytes());
  ++record_count_;
}

void BatchWriter::add(const base::HardState& hard_state) {
  ASSERT(!is_sealed_);
  base::ByteWriter out(buffer_);
  write_record_header(out, RecordKind::hard_state, 24);
  out.u64(hard_state.term.value());
  out.u64(hard_state.voted_for.value());
  out.u64(hard_state.committed.value());
  ++record_count_;
}

void BatchWriter::add(const base::StoreMark& mark) {
  ASSERT(!is_sealed_);
  base::ByteWriter out(buffer_);
  write_record_header(out, RecordKind::store_mark, 16);
  out.u64(mark.generation.value());
  out.u64(mark.applied.value());
  ++record_count_;
}

void BatchWriter::add(const base::LogStart& start, SegmentNumber oldest_segment) {
  ASSERT(!is_sealed_);
  base::ByteWriter out(buffer_);
  write_record_header(out, RecordKind::log_start, kLogStartFixedBytes + start.configuration.size());
  out.u64(start.last_dropped.term.value());
  out.u64(start.last_dropped.index.value());
  out.u64(oldest_segment.value());
  out.raw(start.configuration);
  ++record_count_;
}

void BatchWriter::add_reset() {
  ASSERT(!is_sealed_);
  base::ByteWriter out(buffer_);
  write_record_header(out, RecordKind::reset, 0);
  ++record_count_;
}

std::string_view BatchWriter::seal(const SegmentHeader& segment, const BatchPlace& place) {
  ASSERT(!is_sealed_);
  ASSERT(place.synced_before <= place.number);
  is_sealed_ = true;
  const std::size_t size = buffer_.size();

  std::string header;
  header.reserve(kBatchHeaderBytes);
  base::ByteWriter out(header);
  out.u64(0);  // the checksum, when everything else is in place
  out.u32(kBatchMagic);
  out.u32(record_count_);
  out.u64(size);
  out.u64(segment.number.value());
  out.u64(place.number.value());
  out.u64(place.synced_before.value());
  out.u64(place.chain);
  ASSERT(header.size() == kBatchHeaderBytes);
  buffer_.replace(0, kBatchHeaderBytes, header);

  checksum_ = base::hash64(std::string_view(buffer_).substr(kChecksumBytes), segment.salt);
  std::string checksum;
  base::ByteWriter(checksum).u64(checksum_);
  buffer_.replace(0, kChecksumBytes, checksum);
  buffer_.resize(round_up_to_sector(size), '\0');
  return buffer_;
}

std::optional<BatchView> find_batch(std::string_view file, std::uint64_t offset, const SegmentHeader& segment) {
  ASSERT(offset < file.size());
  ASSERT(offset % kSectorBytes == 0);
  const std::string_view rest = file.substr(offset);
  base::ByteReader reader(rest);
  BatchView batch;
  batch.checksum = reader.u64();
  const std::uint32_t magic = reader.u32();
  batch.record_count = reader.u32();
  batch.bytes = reader.u64();
  const SegmentNumber number(reader.u64());
  batch.place.number = BatchNumber(reader.u64());
  batch.place.synced_before = BatchNumber(reader.u64());
  batch.place.chain = reader.u64();
  // The cheap tests first: behind the end of a log this runs for every sector.
  if (!reader.ok() || magic != kBatchMagic || number != segment.number) return std::nullopt;
  if (batch.bytes < kBatchHeaderBytes || batch.bytes > rest.size()) return std::nullopt;
  const std::string_view covered = rest.substr(kChecksumBytes, batch.bytes - kChecksumBytes);
  if (base::hash64(covered, segment.salt) != batch.checksum) return std::nullopt;
  batch.records = rest.substr(kBatchHeaderBytes, batch.bytes - kBatchHeaderBytes);
  return batch;
}

std::optional<SegmentNumber> claimed_segment(std::string_view file, std::uint64_t offset) {
  if (offset >= file.size()) return std::nullopt;
  base::ByteReader reader(file.substr(offset));
  reader.u64();
  const std::uint32_t magic = reader.u32();
  reader.u32();
  reader.u64();
  const SegmentNumber number(reader.u64());
  return reader.ok() && magic == kBatchMagic ? std::optional(number) : std::nullopt;
}

base::Result<Contents> decode_records(const BatchView& batch) {
  if (batch.place.synced_before > batch.place.number) return malformed("a promise about later batches");
  Contents contents;
  base::ByteReader reader(batch.records);
  for (std::uint32_t i = 0; i < batch.record_count; ++i) {
    const std::uint8_t kind = reader.u8();
    const std::string_view body = reader.bytes();
    if (!reader.ok()) return malformed("fewer records than it counts");
    const base::Status status = decode_record(kind, base::ByteReader(body), contents);
    if (!status) return base::fail(status.error());
  }
  if (!reader.at_end()) return malformed("more records than it counts");
  return contents;
}

}  // namespace wal
