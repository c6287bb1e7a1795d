#include "core/base/text.h"

namespace base {

namespace {
constexpr std::string_view kDigits = "0123456789abcdef";
}

std::string hex(std::uint64_t value) {
  std::string reversed;
  do {
    reversed.push_back(kDigits[value & 0xf]);
    value >>= 4;
  } while (value != 0);
  return std::string(reversed.rbegin(), reversed.rend());
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte >= 0x20 && byte < 0x7f) {
      out.push_back(c);
    } else {
      out += "\\u00";
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 0xf]);
    }
  }
  return out;
}

}  // namespace base
