#include "sim/etcd/outcome.h"

#include <doctest/doctest.h>

namespace sim::etcd {

TEST_CASE("what is not certain is unknown") {
  struct Case { rpc::StatusCode code; const char* text; ErrorMeaning meaning; };
  const Case cases[] = {
      {rpc::StatusCode::unavailable, "etcdserver: request timed out", ErrorMeaning::unknown},
      {rpc::StatusCode::unavailable, "etcdserver: request timed out, possibly due to previous leader failure", ErrorMeaning::unknown},
      {rpc::StatusCode::unavailable, "etcdserver: leader changed", ErrorMeaning::unknown},
      {rpc::StatusCode::unavailable, "connection reset by peer", ErrorMeaning::unknown},
      {rpc::StatusCode::unavailable, "etcdserver: no leader", ErrorMeaning::unknown},
      {rpc::StatusCode::deadline_exceeded, "context deadline exceeded", ErrorMeaning::unknown},
      {rpc::StatusCode::cancelled, "context canceled", ErrorMeaning::unknown},
      {rpc::StatusCode::unknown, "something new", ErrorMeaning::unknown},
      {rpc::StatusCode::unknown, "etcdserver: too many requests", ErrorMeaning::refused},
      {rpc::StatusCode::resource_exhausted, "etcdserver: too many requests", ErrorMeaning::refused},
      {rpc::StatusCode::unknown, "raft proposal dropped", ErrorMeaning::refused},
      {rpc::StatusCode::unavailable, "etcdserver: not capable", ErrorMeaning::refused},
      {rpc::StatusCode::resource_exhausted, "etcdserver: mvcc: database space exceeded", ErrorMeaning::refused},
      {rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision has been compacted", ErrorMeaning::out_of_range},
      {rpc::StatusCode::invalid_argument, "etcdserver: key is not provided", ErrorMeaning::not_allowed},
      {rpc::StatusCode::data_loss, "etcdserver: corrupt cluster", ErrorMeaning::not_allowed},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(meaning_of({c.code, c.text}) == c.meaning);
  }
}

}  // namespace sim::etcd
