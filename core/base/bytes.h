// core/base/bytes.h: owned bytes are std::string, borrowed ones std::string_view; devices speak std::byte.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace base {

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::span<std::byte> as_writable_bytes(std::string& text) {
  return {reinterpret_cast<std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace base
