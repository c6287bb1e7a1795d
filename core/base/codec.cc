#include "core/base/codec.h"

#include <array>

#include "core/base/assert.h"

namespace base {

void ByteWriter::bytes(std::string_view bytes) {
  ASSERT(bytes.size() <= UINT32_MAX);
  u32(static_cast<std::uint32_t>(bytes.size()));
  raw(bytes);
}

void ByteWriter::fixed(std::uint64_t value, int width) {
  std::array<char, 8> field{};
  const auto size = static_cast<std::size_t>(width);
  ASSERT(size <= field.size());
  for (std::size_t i = 0; i < size; ++i) field[i] = static_cast<char>((value >> (8 * i)) & 0xff);
  out_.append(field.data(), size);
}

std::string_view ByteReader::raw(std::size_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = {};
  }
  if (!ok_) return {};
  const std::string_view out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return out;
}

std::uint64_t ByteReader::fixed(int width) {
  std::uint64_t value = 0;
  int shift = 0;
  for (const char c : raw(static_cast<std::size_t>(width))) {
    value |= std::uint64_t{static_cast<unsigned char>(c)} << shift;
    shift += 8;
  }
  return value;
}

}  // namespace base
