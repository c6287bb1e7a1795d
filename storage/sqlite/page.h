// storage/sqlite/page.h: the checksum at the end of every page of the database file (docs/formats/store.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/ids.h"

namespace sqlite {

inline constexpr std::size_t kPageBytes = 8192;
inline constexpr std::size_t kPageReservedBytes = 16;  // a u64 checksum, then eight zeros
inline constexpr std::size_t kPageContentBytes = kPageBytes - kPageReservedBytes;
inline constexpr std::size_t kWalFrameBytes = kPageBytes + 24;  // of `db-wal`: a header and a page (SQLite file format, §4.1)
inline constexpr std::size_t kFileHeaderBytes = 100;  // of SQLite, at the start of page 1
inline constexpr std::uint32_t kFormatVersion = 2;
inline constexpr std::uint32_t kFormatVersionOldest = 1;  // is brought up to date when it is opened
inline constexpr std::uint32_t kApplicationId = 0x4C4B5354;  // "LKST"

using Page = std::span<std::byte, kPageBytes>;
using ConstPage = std::span<const std::byte, kPageBytes>;

// Pages count from 1, as SQLite counts them.
struct PageNumber {
  std::uint64_t value = 1;
};

// Writes the reserved bytes of a page on its way to the file.
void seal(Page page, PageNumber number, base::StoreGeneration generation);

// True when the reserved bytes are those that seal() would write.
bool is_sealed(ConstPage page, PageNumber number, base::StoreGeneration generation);

// What SQLite sees of the reserved bytes: zeros.
void clear_seal(Page page);

// What the first kFileHeaderBytes of a store say without a checksum: all that they hold for good.
enum class HeaderKind : std::uint8_t {
  ours,     // this format, or an older one that is brought up to date
  newer,    // a store of ours, of a later format version
  foreign,  // something else
};
HeaderKind classify_header(std::span<const std::byte> header);

}  // namespace sqlite
