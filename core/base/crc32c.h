// core/base/crc32c.h: CRC-32C (Castagnoli), for numbers that others compute too. Our own formats use hash.h.
#pragma once

#include <cstdint>
#include <string_view>

namespace base {

class Crc32c {
 public:
  void add(std::string_view bytes);
  // The same by a table, on machines whose instructions do not know it.
  void add_by_table(std::string_view bytes);
  std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = ~std::uint32_t{0};
};

}  // namespace base
