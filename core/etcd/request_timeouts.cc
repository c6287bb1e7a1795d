#include "core/etcd/request_timeouts.h"

namespace etcd {

void RequestTimeouts::begin(Expiring& waiting) {
  waiting.expires_at = clock_.now() + timeout_;
  waiting_.push_back(waiting);
  // Left armed when the list empties: at most one idle wake per timeout, instead of two timer calls per request.
  if (!is_armed()) clock_.arm(*this, waiting.expires_at);
}

void RequestTimeouts::on_timer() {
  const base::Instant now = clock_.now();
  while (!waiting_.is_empty()) {
    Expiring& first = waiting_.front();
    if (first.expires_at > now) return clock_.arm(*this, first.expires_at);
    first.unlink();
    first.on_expired();
  }
}

}  // namespace etcd
