#include "storage/wal/format.h"

#include "core/base/assert.h"
#include "core/base/codec.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "io/disk.h"

namespace wal {
namespace {

constexpr std::string_view kMagic("LockWAL\0", 8);
constexpr std::size_t kChecksumOffset = kSectorBytes - 8;
constexpr std::size_t kNumberDigits = 16;

static_assert(kSectorBytes == io::kSectorBytes, "the unit in which a crash keeps and loses");
static_assert(kFirstBatchOffset % kSectorBytes == 0);

constexpr std::string_view suffix_of(FileKind kind) {
  switch (kind) {
    case FileKind::segment: return ".log";
    case FileKind::unfinished: return ".tmp";
    case FileKind::spare: return ".spare";
  }
  return {};
}

std::optional<SegmentNumber> parse_number(std::string_view digits) {
  if (digits.size() != kNumberDigits) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    const bool is_decimal = c >= '0' && c <= '9';
    const bool is_letter = c >= 'a' && c <= 'f';
    if (!is_decimal && !is_letter) return std::nullopt;
    value = value << 4U | static_cast<std::uint64_t>(is_decimal ? c - '0' : c - 'a' + 10);
  }
  return SegmentNumber(value);
}

// Everything but the checksum.
std::string encode_fields(const SegmentHeader& header) {
  std::string out;
  out.reserve(kSectorBytes);
  base::ByteWriter writer(out);
  writer.raw(kMagic);
  writer.u32(kFormatVersion);
  writer.u32(static_cast<std::uint32_t>(kFirstBatchOffset));
  writer.u64(header.identity.cluster.value());
  writer.u64(header.identity.member.value());
  writer.u64(header.number.value());
  writer.u64(header.salt);
  writer.u64(header.bytes);
  ASSERT(out.size() < kChecksumOffset);
  out.resize(kChecksumOffset, '\0');
  return out;
}

}  // namespace

std::string to_text(FileName name) {
  const std::string digits = base::hex(name.number.value());
  return std::string(kNumberDigits - digits.size(), '0').append(digits).append(suffix_of(name.kind));
}

std::optional<FileName> parse_file_name(std::string_view name) {
  const std::string_view digits = name.substr(0, kNumberDigits);
  const std::string_view suffix = name.substr(digits.size());
  const std::optional<SegmentNumber> number = parse_number(digits);
  if (!number) return std::nullopt;
  for (const FileKind kind : {FileKind::segment, FileKind::unfinished, FileKind::spare}) {
    if (suffix == suffix_of(kind)) return FileName{kind, *number};
  }
  return std::nullopt;
}

std::string path_of(std::string_view directory, FileName name) {
  return std::string(directory).append("/").append(to_text(name));
}

std::string segment_path(std::string_view directory, SegmentNumber number) {
  return path_of(directory, FileName{FileKind::segment, number});
}

std::string encode(const SegmentHeader& header) {
  std::string out = encode_fields(header);
  base::ByteWriter(out).u64(base::hash64(out));
  ASSERT(out.size() == kSectorBytes);
  return out;
}

std::uint64_t checksum_of(const SegmentHeader& header) { return base::hash64(encode_fields(header)); }

base::Result<SegmentHeader> decode_header(std::string_view sector) {
  ASSERT(sector.size() == kSectorBytes);
  base::ByteReader reader(sector);
  const bool magic_fits = reader.raw(kMagic.size()) == kMagic;
  const std::uint32_t version = reader.u32();
  if (base::ByteReader(sector.substr(kChecksumOffset)).u64() != base::hash64(sector.substr(0, kChecksumOffset))) {
    return base::fail(base::Code::damaged, "the header of the segment is not what was written");
  }
  if (!magic_fits) return base::fail(base::Code::invalid, "this is not a segment of a log");
  if (version != kFormatVersion) {
    return base::fail(base::Code::invalid, "log format version " + std::to_string(version) + "; this program reads version " +
                                               std::to_string(kFormatVersion) + ": start a newer one");
  }
  const std::uint32_t first_batch_offset = reader.u32();
  SegmentHeader header;
  header.identity.cluster = base::ClusterId(reader.u64());
  header.identity.member = base::MemberId(reader.u64());
  header.number = SegmentNumber(reader.u64());
  header.salt = reader.u64();
  header.bytes = reader.u64();
  ASSERT(reader.ok());
  if (first_batch_offset != kFirstBatchOffset || header.bytes < kFirstBatchOffset) {
    return base::fail(base::Code::invalid, "the header of the segment makes no sense, though its checksum fits");
  }
  return header;
}

tl::unexpected<base::Error> damaged(std::string_view path, std::uint64_t offset, std::string_view detail) {
  return damaged(std::string(path) + " at offset " + std::to_string(offset), detail);
}

tl::unexpected<base::Error> damaged(std::string_view path, std::string_view detail) {
  std::string text(path);
  text.append(": ").append(detail);
  text.append(
      ". The log of this member is damaged and cannot be trusted. In a cluster, remove the member, empty its data directory "
      "and add it again; otherwise restore it from a snapshot");
  return base::fail(base::Code::damaged, std::move(text));
}

}  // namespace wal
