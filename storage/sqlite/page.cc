#include "storage/sqlite/page.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/hash.h"

namespace sqlite {

namespace {

using Reserved = std::array<std::byte, kPageReservedBytes>;

// The reserved bytes as they stand in the file: the checksum in little-endian order, then zeros.
Reserved reserved_bytes(ConstPage page, PageNumber number, base::StoreGeneration generation) {
  const std::string_view content = base::as_text(page.first<kPageContentBytes>());
  const std::uint64_t checksum = base::hash64(content, base::mix64(number.value, generation.value()));
  Reserved out{};
  for (std::size_t i = 0; i < sizeof checksum; ++i) out[i] = static_cast<std::byte>(checksum >> (8 * i));
  return out;
}

// SQLite's own fields are big-endian.
std::uint32_t u32_at(std::span<const std::byte> header, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<std::uint32_t>(header[offset + i]);
  return value;
}

}  // namespace

void seal(Page page, PageNumber number, base::StoreGeneration generation) {
  const Reserved reserved = reserved_bytes(page, number, generation);
  std::copy(reserved.begin(), reserved.end(), page.last<kPageReservedBytes>().begin());
}

bool is_sealed(ConstPage page, PageNumber number, base::StoreGeneration generation) {
  const Reserved expected = reserved_bytes(page, number, generation);
  return std::equal(expected.begin(), expected.end(), page.last<kPageReservedBytes>().begin());
}

void clear_seal(Page page) {
  const auto reserved = page.last<kPageReservedBytes>();
  std::fill(reserved.begin(), reserved.end(), std::byte{0});
}

HeaderKind classify_header(std::span<const std::byte> header) {
  ASSERT(header.size() == kFileHeaderBytes);
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (base::as_text(header.first(kMagic.size())) != kMagic) return HeaderKind::foreign;
  if (u32_at(header, 68) != kApplicationId) return HeaderKind::foreign;
  const std::uint32_t version = u32_at(header, 60);
  if (version > kFormatVersion) return HeaderKind::newer;
  const bool layout_is_ours = u32_at(header, 16) == (kPageBytes << 16U | 2U << 8U | 2U) &&  // page size, versions
                              header[20] == std::byte{kPageReservedBytes} && version >= kFormatVersionOldest &&
                              u32_at(header, 52) != 0 && u32_at(header, 64) != 0;
  return layout_is_ours ? HeaderKind::ours : HeaderKind::foreign;
}

}  // namespace sqlite
