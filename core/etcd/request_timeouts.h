// core/etcd/request_timeouts.h: the limit on how long a request waits for its answer, one timer for all.
//
// All requests wait equally long, so they expire in the order in which they began.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/base/time.h"
#include "io/clock.h"

namespace etcd {

// Embedded in an operation that waits. To stop the clock: Expiring::unlink().
class Expiring : public base::ListNode<Expiring> {
 public:
  virtual void on_expired() = 0;

  // Set by begin().
  base::Instant expires_at;

 protected:
  ~Expiring() = default;
};

class RequestTimeouts final : private io::Timer {
 public:
  RequestTimeouts(io::Clock& clock, base::Duration timeout) : clock_(clock), timeout_(timeout) {}
  ~RequestTimeouts() { clock_.disarm(*this); }

  void begin(Expiring& waiting);

 private:
  void on_timer() override;

  io::Clock& clock_;
  const base::Duration timeout_;
  base::IntrusiveList<Expiring> waiting_;  // invariant: by expires_at, ascending
};

}  // namespace etcd
