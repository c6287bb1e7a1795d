#include "core/etcd/errors.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace etcd {
namespace {

TEST_CASE("what this server can say now is said in etcd's words") {  // behaviour reference §1.2, §1.4
  struct Case { ErrorId id; int code; std::string_view text; };
  constexpr Case cases[] = {
      {ErrorId::empty_key, 3, "etcdserver: key is not provided"},
      {ErrorId::key_not_found, 3, "etcdserver: key not found"},
      {ErrorId::value_provided, 3, "etcdserver: value is provided"},
      {ErrorId::lease_provided, 3, "etcdserver: lease is provided"},
      {ErrorId::invalid_sort_option, 3, "etcdserver: invalid sort option"},
      {ErrorId::invalid_client_api_version, 3, "etcdserver: invalid client api version"},
      {ErrorId::compacted, 11, "etcdserver: mvcc: required revision has been compacted"},
      {ErrorId::future_rev, 11, "etcdserver: mvcc: required revision is a future revision"},
      {ErrorId::lease_not_found, 5, "etcdserver: requested lease not found"},
      {ErrorId::request_too_large, 3, "etcdserver: request is too large"},
      {ErrorId::request_too_many_requests, 2, "etcdserver: too many requests"},
      {ErrorId::no_leader, 14, "etcdserver: no leader"},
      {ErrorId::stopped, 14, "etcdserver: server stopped"},
      {ErrorId::timeout, 14, "etcdserver: request timed out"},
      {ErrorId::context_deadline_exceeded, 4, "context deadline exceeded"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK_EQ(static_cast<int>(wire_error(c.id).code), c.code);
    CHECK_EQ(wire_error(c.id).text, c.text);
  }
}

TEST_CASE("clients tell errors apart by their text, so no two are alike, and none is OK") {
  std::set<std::string> texts;
  for (std::size_t i = 0; i < kErrorCount; ++i) {
    const WireError& error = wire_error(static_cast<ErrorId>(i));
    CAPTURE(error.text);
    CHECK(texts.insert(std::string(error.text)).second);
    CHECK(error.code != rpc::StatusCode::ok);
  }
}

TEST_CASE("two errors lose their code on the way, as etcd's do") {  // §1.1
  CHECK(wire_error(ErrorId::member_not_enough_started).code == rpc::StatusCode::unknown);
  CHECK(wire_error(ErrorId::request_too_many_requests).code == rpc::StatusCode::unknown);
}

}  // namespace
}  // namespace etcd
