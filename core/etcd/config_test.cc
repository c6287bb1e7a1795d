#include "core/etcd/config.h"

#include <doctest/doctest.h>

namespace etcd {
namespace {

ServerConfig good() {
  ServerConfig config;
  config.listen_client = {{"127.0.0.1", 0}};
  return config;
}

// As at the first start, when there is no log.
base::Status validate_all(const ServerConfig& config) {
  if (base::Status status = validate(config); !status) return status;
  return validate_bootstrap(config);
}

TEST_CASE("the defaults are accepted") { CHECK(validate_all(good()).has_value()); }

TEST_CASE("a member with a log is not asked about the initial cluster") {
  ServerConfig config = good();
  config.name = "renamed";
  CHECK(validate(config).has_value());
  CHECK(!validate_bootstrap(config).has_value());
}

TEST_CASE("a request may wait five seconds and two election timeouts") {  // behaviour reference §9
  CHECK(good().request_timeout() == std::chrono::seconds(7));
}

TEST_CASE("contradictions are refused before anything is touched") {
  using std::chrono::milliseconds;
  struct Case { std::string_view name; void (*spoil)(ServerConfig&); std::string_view text; };
  const Case cases[] = {
      {"no name", [](ServerConfig& c) { c.name.clear(); }, "--name must not be empty"},
      {"nothing to listen on", [](ServerConfig& c) { c.listen_client.clear(); }, "--listen-client-urls must name at least one URL"},
      {"nothing to advertise", [](ServerConfig& c) { c.advertise_client_urls.clear(); },
       "--advertise-client-urls must name at least one URL"},
      {"no heartbeat", [](ServerConfig& c) { c.heartbeat_interval = milliseconds(0); }, "--heartbeat-interval must be >0"},
      {"elections too early", [](ServerConfig& c) { c.election_timeout = milliseconds(499); },
       "--election-timeout must be at least 5 times as long as --heartbeat-interval"},
      {"elections too late", [](ServerConfig& c) { c.election_timeout = milliseconds(50001); },
       "--election-timeout is too long, and should be at most 50000ms"},
      {"a name that is not in the cluster", [](ServerConfig& c) { c.name = "x"; },
       "couldn't find local name \"x\" in the initial cluster configuration"},
      {"other peer URLs than advertised", [](ServerConfig& c) { c.initial_advertise_peer_urls = {"http://other:2380"}; },
       "--initial-cluster has other URLs for \"default\" than --initial-advertise-peer-urls"},
      {"a URL of two members",
       [](ServerConfig& c) { c.initial_cluster.push_back({"second", {"http://localhost:2380"}}); },
       "--initial-cluster names the URL http://localhost:2380 twice"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    ServerConfig config = good();
    c.spoil(config);
    const base::Status status = validate_all(config);
    REQUIRE(!status.has_value());
    CHECK(status.error().code == base::Code::invalid);
    CHECK_EQ(status.error().detail, c.text);
  }
}

TEST_CASE("the shortest lease is one and a half election timeouts, in whole seconds and whole ticks") {  // behaviour reference §5.1
  struct Case {
    std::int64_t heartbeat, election, seconds;
  };
  constexpr Case cases[] = {{100, 1000, 2}, {100, 500, 1}, {10, 60, 1}, {1000, 5000, 7}, {300, 1599, 3}, {5000, 50000, 75}};
  for (const Case& c : cases) {
    CAPTURE(c.election);
    ServerConfig config;
    config.heartbeat_interval = std::chrono::milliseconds(c.heartbeat);
    config.election_timeout = std::chrono::milliseconds(c.election);
    CHECK_EQ(config.lease_ttl_min(), c.seconds);
  }
}

}  // namespace
}  // namespace etcd
