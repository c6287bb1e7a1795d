// io/real/random.h: the kernel's random numbers. The name of a draw plays no part here.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include "io/random.h"

namespace io::real {

// Fit for secrets, such as tokens. Jobs may draw too, hence the lock.
class RealRandom final : public io::Random {
 public:
  std::uint64_t draw(std::string_view purpose, std::initializer_list<std::uint64_t> identity) override;

 private:
  static constexpr std::size_t kStockCount = 32;  // 256 bytes: what getrandom() gives whole, without an interruption

  std::mutex mutex_;
  std::array<std::uint64_t, kStockCount> stock_{};
  std::size_t left_ = 0;  // unused numbers stand in stock_[0, left_)
};

}  // namespace io::real
