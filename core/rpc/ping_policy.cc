#include "core/rpc/ping_policy.h"

namespace rpc {

bool PingPolicy::allow_ping(base::Instant now, bool has_open_call) {
  const std::optional<base::Instant> before = last_ping_;
  last_ping_ = now;
  if (forgiven_) {
    forgiven_ = false;
    strikes_ = 0;
    return true;
  }
  const base::Duration wanted = has_open_call ? min_time_ : kMinTimeWithoutCall;
  if (before && now - *before < wanted) ++strikes_;
  return strikes_ <= kStrikesMax;
}

}  // namespace rpc
