// core/rpc/reset_limiter.h: how many streams a client may open and reset ("rapid reset", CVE-2023-44487).
//
// nghttp2 has a limiter of its own, on the system's clock; this one is a token bucket on io::Clock. A call
// that its client cancels costs one token; ordinary clients come nowhere near.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/time.h"

namespace rpc {

class ResetLimiter {
 public:
  // False: too many.
  bool allow_reset(base::Instant now) {
    const std::int64_t earned = (now - last_) / kTokenInterval;
    if (tokens_ + earned >= kBurst) {
      tokens_ = kBurst;
      last_ = now;
    } else {
      tokens_ += earned;
      last_ = last_ + earned * kTokenInterval;  // the rest of an interval counts next time
    }
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

  static constexpr std::int64_t kBurst = 10'000;
  static constexpr base::Duration kTokenInterval = std::chrono::milliseconds(1);

 private:
  std::int64_t tokens_ = kBurst;
  base::Instant last_;
};

}  // namespace rpc
