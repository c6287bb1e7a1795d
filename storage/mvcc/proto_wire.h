// storage/mvcc/proto_wire.h: the few pieces of the protobuf wire format that we write and read by hand.
//
// Records go from the store into an answer as they are, without being decoded; what stands around them is
// written with these. (Protocol Buffers, "Encoding".)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mvcc::wire {

inline constexpr std::uint32_t kVarint = 0;
inline constexpr std::uint32_t kBytes = 2;

constexpr std::uint32_t tag(std::uint32_t field, std::uint32_t type) { return (field << 3U) | type; }

inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80U) {
    out.push_back(static_cast<char>((value & 0x7fU) | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

// proto3 leaves zeros and empty bytes out.
inline void append_int64(std::string& out, std::uint32_t field, std::int64_t value) {
  if (value == 0) return;
  append_varint(out, tag(field, kVarint));
  append_varint(out, static_cast<std::uint64_t>(value));
}
inline void append_message(std::string& out, std::uint32_t field, std::string_view bytes) {
  append_varint(out, tag(field, kBytes));
  append_varint(out, bytes.size());
  out.append(bytes);
}
inline void append_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  if (!bytes.empty()) append_message(out, field, bytes);
}

// Takes a varint off the front; nullopt when there is none or it is too long.
inline std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (std::uint32_t shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return std::nullopt;
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80U) return value;
  }
  return std::nullopt;
}

// Takes length-prefixed bytes off the front.
inline std::optional<std::string_view> take_bytes(std::string_view& in) {
  const std::optional<std::uint64_t> size = take_varint(in);
  if (!size || *size > in.size()) return std::nullopt;
  const std::string_view bytes = in.substr(0, *size);
  in.remove_prefix(*size);
  return bytes;
}

}  // namespace mvcc::wire
