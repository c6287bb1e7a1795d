// property_tests/fuzz/input.h: reads decisions off the front of a fuzzer's bytes.
//
// When the bytes are used up everything is zero or empty, so that every input means something.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool is_empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  // [0, bound). Requires: bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t low = byte();
    return (bound <= 256 ? low : low | std::uint64_t{byte()} << 8U) % bound;
  }
  // Mostly small; sometimes any number of 64 bits.
  std::uint64_t number() {
    const std::uint8_t first = byte();
    if (first < 0xf0) return first;
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8U | byte();
    return value;
  }
  // A length, then so many bytes, or what is left.
  std::string_view bytes() { return take(below(1024)); }
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, std::min(size, rest_.size()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest_;
};

}  // namespace fuzz
