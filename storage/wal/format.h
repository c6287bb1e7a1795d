// storage/wal/format.h: the names and the header of a segment (docs/formats/wal.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "storage/wal/wal.h"

namespace wal {

inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint64_t kSectorBytes = 512;       // no batch shares one with another
inline constexpr std::uint64_t kFirstBatchOffset = 4096;

using SegmentNumber = base::Ordinal<struct SegmentNumberTag>;  // the first segment of a log is 1
using BatchNumber = base::Ordinal<struct BatchNumberTag>;      // the first batch of a log is 1

constexpr std::uint64_t round_up_to_sector(std::uint64_t bytes) {
  return (bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
}

enum class FileKind : std::uint8_t { segment, unfinished, spare };

struct FileName {
  FileKind kind = FileKind::segment;
  SegmentNumber number;
  friend bool operator==(const FileName&, const FileName&) = default;
};

std::string to_text(FileName name);
// Nothing for a name that is not ours.
std::optional<FileName> parse_file_name(std::string_view name);
// `wal/0000000000000001.log`
std::string path_of(std::string_view directory, FileName name);
std::string segment_path(std::string_view directory, SegmentNumber number);

struct SegmentHeader {
  Identity identity;
  SegmentNumber number;
  std::uint64_t salt = 0;   // seeds the checksums of this segment's batches
  std::uint64_t bytes = 0;  // length of the file
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

// One sector.
std::string encode(const SegmentHeader& header);

// The checksum that encode() puts into the header: what the first batch chains from.
std::uint64_t checksum_of(const SegmentHeader& header);

// Requires: `sector` is the first sector of a file, whole. Errors: damaged; invalid for a newer version. The text is for
// the operator and does not name the file.
base::Result<SegmentHeader> decode_header(std::string_view sector);

// `detail` with the place in front and the way out behind: what a refusal to start says.
tl::unexpected<base::Error> damaged(std::string_view path, std::uint64_t offset, std::string_view detail);
tl::unexpected<base::Error> damaged(std::string_view path, std::string_view detail);

}  // namespace wal
