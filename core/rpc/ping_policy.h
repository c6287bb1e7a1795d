// core/rpc/ping_policy.h: which clients ping too often.
//
// The rule of grpc-go's enforcement policy, which etcd's clients are tuned against: a ping earns a strike when
// it comes sooner after the one before than allowed; whatever the server sends on a call wipes the strikes,
// since pings that measure the link follow it. Without an open call hardly any ping is needed.
#pragma once

#include <optional>

#include "core/base/time.h"

namespace rpc {

class PingPolicy {
 public:
  explicit PingPolicy(base::Duration min_time) : min_time_(min_time) {}

  // False: the client has earned more strikes than it may, and should go away.
  bool allow_ping(base::Instant now, bool has_open_call);
  void on_sent() { forgiven_ = true; }  // headers or data went to the client

 private:
  static constexpr int kStrikesMax = 2;
  static constexpr base::Duration kMinTimeWithoutCall = std::chrono::hours(2);

  base::Duration min_time_;
  std::optional<base::Instant> last_ping_;
  int strikes_ = 0;
  bool forgiven_ = false;
};

}  // namespace rpc
