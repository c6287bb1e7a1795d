#include "io/real/random.h"

#include <sys/random.h>

#include "core/base/assert.h"

namespace io::real {

std::uint64_t RealRandom::draw(std::string_view /*purpose*/, std::initializer_list<std::uint64_t> /*identity*/) {
  const std::lock_guard lock(mutex_);
  if (left_ == 0) {
    ASSERT(::getrandom(stock_.data(), sizeof stock_, 0) == static_cast<ssize_t>(sizeof stock_));
    left_ = kStockCount;
  }
  --left_;
  const std::uint64_t number = stock_[left_];
  stock_[left_] = 0;  // what was handed out is kept by its owner alone
  return number;
}

}  // namespace io::real
