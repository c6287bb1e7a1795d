#include "core/rpc/ping_policy.h"

#include <doctest/doctest.h>

#include "core/rpc/reset_limiter.h"

using namespace std::chrono_literals;

namespace rpc {
namespace {

base::Instant at(base::Duration since_start) { return base::Instant(since_start); }

TEST_CASE("the third ping that comes too soon is one too many") {
  PingPolicy policy(5s);
  CHECK(policy.allow_ping(at(0s), true));  // the first is never too soon
  CHECK(policy.allow_ping(at(1s), true));
  CHECK(policy.allow_ping(at(2s), true));
  CHECK_FALSE(policy.allow_ping(at(3s), true));
}

TEST_CASE("pings at the allowed pace earn no strikes") {
  PingPolicy policy(5s);
  for (int count = 0; count < 100; ++count) CHECK(policy.allow_ping(at(count * 5s), true));
}

TEST_CASE("without an open call the allowed pace is one ping in two hours") {
  PingPolicy policy(5s);
  CHECK(policy.allow_ping(at(0s), false));
  CHECK(policy.allow_ping(at(1h), false));
  CHECK(policy.allow_ping(at(2h), false));
  CHECK_FALSE(policy.allow_ping(at(3h), false));
  PingPolicy patient(5s);
  for (int count = 0; count < 10; ++count) CHECK(patient.allow_ping(at(count * 2h), false));
}

TEST_CASE("whatever the server sends wipes the strikes") {
  PingPolicy policy(5s);
  for (int count = 0; count < 100; ++count) {
    policy.on_sent();
    CHECK(policy.allow_ping(at(count * 1ms), true));
  }
}

TEST_CASE("resets are allowed in bursts, and at a pace") {
  ResetLimiter limiter;
  for (std::int64_t count = 0; count < ResetLimiter::kBurst; ++count) REQUIRE(limiter.allow_reset(at(1s)));
  CHECK_FALSE(limiter.allow_reset(at(1s)));
  CHECK_FALSE(limiter.allow_reset(at(1s + ResetLimiter::kTokenInterval - 1ns)));
  CHECK(limiter.allow_reset(at(1s + ResetLimiter::kTokenInterval)));
  CHECK_FALSE(limiter.allow_reset(at(1s + ResetLimiter::kTokenInterval)));
  // The rest of an interval is not lost.
  CHECK(limiter.allow_reset(at(1s + 5 * ResetLimiter::kTokenInterval / 2)));
  CHECK(limiter.allow_reset(at(1s + 3 * ResetLimiter::kTokenInterval)));
  // Long rest, full bucket, and no more than that.
  for (std::int64_t count = 0; count < ResetLimiter::kBurst; ++count) REQUIRE(limiter.allow_reset(at(10h)));
  CHECK_FALSE(limiter.allow_reset(at(10h)));
}

}  // namespace
}  // namespace rpc
