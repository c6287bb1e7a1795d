// core/base/codec.h: fixed-width little-endian fields and length-prefixed bytes, for our own formats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace base {

// Appends to a string that the caller owns.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u16(std::uint16_t value) { fixed(value, 2); }
  void u32(std::uint32_t value) { fixed(value, 4); }
  void u64(std::uint64_t value) { fixed(value, 8); }
  void raw(std::string_view bytes) { out_.append(bytes); }
  // A u32 length, then the bytes. Requires: bytes.size() < 2^32.
  void bytes(std::string_view bytes);

 private:
  void fixed(std::uint64_t value, int width);
  std::string& out_;
};

// Reads untrusted bytes. The first read past the end makes every later one return zero or nothing,
// so a parser checks ok() once, at its end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : rest_(in) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(fixed(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(fixed(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  // A view into the input; empty after a failure.
  std::string_view raw(std::size_t size);
  std::string_view bytes() { return raw(u32()); }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }

 private:
  std::uint64_t fixed(int width);
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace base
