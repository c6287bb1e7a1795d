#include "storage/sqlite/snapshot_format.h"

#include <utility>

#include "core/base/assert.h"
#include "core/base/codec.h"

namespace sqlite {

namespace {

constexpr std::uint32_t kMagic = 0x53534B4C;  // "LKSS"
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kHeaderBytesSummed = kHeaderBytes - 8;
constexpr std::uint8_t kEndTag = 255;  // where a row has its bucket
constexpr std::size_t kEndBytes = 9;
constexpr std::size_t kRowBytes = 13;          // of a row without its value
constexpr std::size_t kRevisionBytes = 16;     // of a `key` row besides

static_assert(kEndTag >= kBucketCount);

std::size_t prefix_bytes(Bucket bucket) { return kRowBytes + (bucket == Bucket::key ? kRevisionBytes : 0); }

base::Status damaged(std::string_view what) { return base::fail(base::Code::damaged, "a snapshot " + std::string(what)); }

bool comes_after(const RowView& row, const RowView& last) {
  return row.bucket != last.bucket ? row.bucket > last.bucket : row.id > last.id;
}

}  // namespace

void append_header(std::string& out, const SnapshotHeader& header) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.u32(kMagic);
  writer.u32(kSnapshotVersion);
  writer.u64(header.applied.index.value());
  writer.u64(header.applied.term.value());
  writer.u64(header.rows.high);
  writer.u64(header.rows.low);
  writer.u64(header.state.high);
  writer.u64(header.state.low);
  ASSERT(bytes.size() == kHeaderBytesSummed);
  writer.u64(base::hash64(bytes));
  out += bytes;
}

void append_row(std::string& out, const RowView& row) {
  ASSERT(row.value.size() <= kRowValueBytesMax);
  base::ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(row.bucket));
  writer.u64(row.id);
  if (row.bucket == Bucket::key) {
    writer.u64(static_cast<std::uint64_t>(row.main));
    writer.u64(static_cast<std::uint64_t>(row.sub));
  }
  writer.bytes(row.value);
}

void append_end(std::string& out, std::uint64_t row_count) {
  base::ByteWriter writer(out);
  writer.u8(kEndTag);
  writer.u64(row_count);
}

void SnapshotParser::feed(std::string piece) {
  if (used_ == bytes_.size()) {
    bytes_ = std::move(piece);
  } else {
    bytes_.erase(0, used_);
    bytes_ += piece;
  }
  used_ = 0;
}

base::Result<std::optional<RowView>> SnapshotParser::next() {
  if (stage_ == Stage::header) {
    if (rest().size() < kHeaderBytes) return std::optional<RowView>();
    if (base::Status parsed = parse_header(); !parsed) return base::fail(parsed.error());
  }
  if (stage_ == Stage::rows) return parse_row();
  if (!rest().empty()) return base::fail(damaged("goes on behind its end").error());
  return std::optional<RowView>();
}

base::Status SnapshotParser::parse_header() {
  const std::string_view bytes = rest().substr(0, kHeaderBytes);
  base::ByteReader reader(bytes);
  if (reader.u32() != kMagic) return damaged("does not begin like one");
  // First the version: another one may sum up otherwise.
  if (const std::uint32_t version = reader.u32(); version != kSnapshotVersion) {
    return base::fail(base::Code::invalid, "a snapshot has format version " + std::to_string(version) +
                                               ", and this server knows version " + std::to_string(kSnapshotVersion) + " alone");
  }
  SnapshotHeader header;
  header.applied.index = base::LogIndex(reader.u64());
  header.applied.term = base::Term(reader.u64());
  header.rows.high = reader.u64();
  header.rows.low = reader.u64();
  header.state.high = reader.u64();
  header.state.low = reader.u64();
  if (reader.u64() != base::hash64(bytes.substr(0, kHeaderBytesSummed))) return damaged("has a header that was not written so");
  ASSERT(reader.ok());
  header_ = header;
  used_ += kHeaderBytes;
  stage_ = Stage::rows;
  return {};
}

base::Result<std::optional<RowView>> SnapshotParser::parse_row() {
  const std::string_view bytes = rest();
  if (bytes.empty()) return std::optional<RowView>();
  base::ByteReader reader(bytes);
  const std::uint8_t tag = reader.u8();
  if (tag == kEndTag) {
    if (bytes.size() < kEndBytes) return std::optional<RowView>();
    if (base::Status ended = parse_end(); !ended) return base::fail(ended.error());
    return std::optional<RowView>();
  }
  if (tag >= kBucketCount) return base::fail(damaged("has a row of no bucket").error());
  RowView row;
  row.bucket = static_cast<Bucket>(tag);
  const std::size_t prefix = prefix_bytes(row.bucket);
  if (bytes.size() < prefix) return std::optional<RowView>();
  row.id = reader.u64();
  if (row.bucket == Bucket::key) {
    row.main = static_cast<std::int64_t>(reader.u64());
    row.sub = static_cast<std::int64_t>(reader.u64());
  }
  const std::uint32_t size = reader.u32();
  // Refused before anybody waits for the rest of it.
  if (row.id >> 63U != 0) return base::fail(damaged("has a row with an id that no row has").error());
  if (size > kRowValueBytesMax) return base::fail(damaged("has a row that is too large for a store").error());
  if (last_ && !comes_after(row, *last_)) return base::fail(damaged("has rows that are not in order").error());
  if (reader.remaining() < size) return std::optional<RowView>();
  row.value = reader.raw(size);
  ASSERT(reader.ok());
  used_ += prefix + size;
  ++row_count_;
  last_ = row;
  last_->value = {};
  return std::optional<RowView>(row);
}

base::Status SnapshotParser::parse_end() {
  base::ByteReader reader(rest().substr(1));
  if (reader.u64() != row_count_) return damaged("has another number of rows than it says");
  used_ += kEndBytes;
  stage_ = Stage::ended;
  return rest().empty() ? base::Status() : damaged("goes on behind its end");
}

}  // namespace sqlite
