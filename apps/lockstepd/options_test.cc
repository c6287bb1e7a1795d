#include "apps/lockstepd/options.h"

#include <doctest/doctest.h>

#include <ostream>

using namespace lockstepd;

namespace {

Parsed<Options> options(const std::vector<std::string>& arguments, const std::string& default_host = "") {
  const Parsed<Settings> settings = parse_arguments(arguments);
  REQUIRE(settings.has_value());
  return make_options(*settings, default_host);
}

}  // namespace

TEST_CASE("without flags a member is etcd's default one") {
  const auto all = options({});
  REQUIRE(all.has_value());
  const etcd::ServerConfig& config = all->config;
  CHECK(config.name == "default");
  CHECK(all->data_directory == "default.etcd");
  CHECK(all->log_level == io::Level::info);
  CHECK(config.listen_client == std::vector<io::Address>{{"127.0.0.1", 2379}});
  CHECK(config.listen_peer == std::vector<io::Address>{{"127.0.0.1", 2380}});
  CHECK(config.advertise_client_urls == std::vector<std::string>{"http://localhost:2379"});
  CHECK(config.initial_advertise_peer_urls == std::vector<std::string>{"http://localhost:2380"});
  REQUIRE(config.initial_cluster.size() == 1);
  CHECK(config.initial_cluster[0].name == "default");
  CHECK(config.initial_cluster[0].peer_urls == config.initial_advertise_peer_urls);
  CHECK(config.heartbeat_interval == std::chrono::milliseconds(100));
  CHECK(config.election_timeout == std::chrono::milliseconds(1000));
  CHECK(config.max_request_bytes == 1572864);
  CHECK(config.max_txn_ops == 128);
  CHECK(config.max_concurrent_streams == UINT32_MAX);
  CHECK(config.grpc_keepalive_interval == std::chrono::hours(2));
  CHECK(all->warnings.empty());
}

TEST_CASE("what a member does with a cluster that exists") {
  const auto plain = options({});
  REQUIRE(plain.has_value());
  CHECK_FALSE(plain->config.is_joining);
  CHECK_FALSE(plain->config.force_new_cluster);
  CHECK(plain->config.strict_reconfig_check);
  CHECK(plain->config.max_learners == 1);
  const auto all = options({"--initial-cluster-state=existing", "--force-new-cluster", "--strict-reconfig-check=false", "--max-learners=3"});
  REQUIRE(all.has_value());
  CHECK(all->config.is_joining);
  CHECK(all->config.force_new_cluster);
  CHECK_FALSE(all->config.strict_reconfig_check);
  CHECK(all->config.max_learners == 3);
  CHECK(all->warnings.empty());
}

TEST_CASE("feature gates are named one by one") {
  CHECK_FALSE(options({})->config.lease_checkpoint);
  CHECK(options({"--feature-gates=LeaseCheckpoint=true"})->config.lease_checkpoint);
  CHECK(options({"--feature-gates=FastLeaseKeepAlive=true, LeaseCheckpointPersist=true,LeaseCheckpoint=true,"})->config.lease_checkpoint);
  CHECK_FALSE(options({"--feature-gates=LeaseCheckpoint=true,LeaseCheckpoint=false"})->config.lease_checkpoint);
  struct Case {
    const char* value;
    std::string_view why;
  };
  constexpr Case cases[] = {
      {"--feature-gates=Fast", "--feature-gates: missing bool value for Fast"},
      {"--feature-gates=Fast=true", "--feature-gates: unrecognized feature gate: Fast"},
      {"--feature-gates=LeaseCheckpoint=yes", "--feature-gates: invalid value in LeaseCheckpoint=yes: it is true or false"},
      {"--feature-gates=PriorityRequest=true", "--feature-gates: PriorityRequest=true is not supported yet: leave it out"},
      {"--feature-gates=LeaseCheckpointPersist=true",
       "--feature-gates: enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint"},
  };
  for (const Case& c : cases) {
    const auto refused = options({c.value});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().text == c.why);
  }
}

TEST_CASE("the data directory and the initial cluster follow the name") {
  const auto named = options({"--name=first", "--initial-advertise-peer-urls=http://10.0.0.1:2380"});
  REQUIRE(named.has_value());
  CHECK(named->data_directory == "first.etcd");
  REQUIRE(named->config.initial_cluster.size() == 1);
  CHECK(named->config.initial_cluster[0].name == "first");
  CHECK(named->config.initial_cluster[0].peer_urls == std::vector<std::string>{"http://10.0.0.1:2380"});
}

TEST_CASE("an initial cluster groups the URLs of a name") {
  const auto cluster = options({"--initial-cluster=a=http://x:1,b=http://y:1,a=http://z:1"});
  REQUIRE(cluster.has_value());
  REQUIRE(cluster->config.initial_cluster.size() == 2);
  CHECK(cluster->config.initial_cluster[0].name == "a");
  CHECK(cluster->config.initial_cluster[0].peer_urls == std::vector<std::string>{"http://x:1", "http://z:1"});
  CHECK(cluster->config.initial_cluster[1].name == "b");
}

TEST_CASE("a member that listens everywhere advertises the machine's address unless told otherwise") {
  const auto everywhere = options({"--listen-peer-urls=http://0.0.0.0:12380"}, "192.0.2.7");
  REQUIRE(everywhere.has_value());
  CHECK(everywhere->config.initial_advertise_peer_urls == std::vector<std::string>{"http://192.0.2.7:12380"});
  CHECK(everywhere->config.initial_cluster[0].peer_urls == everywhere->config.initial_advertise_peer_urls);
  const auto told = options({"--listen-peer-urls=http://0.0.0.0:12380", "--initial-advertise-peer-urls=http://a:1"}, "192.0.2.7");
  REQUIRE(told.has_value());
  CHECK(told->config.initial_advertise_peer_urls == std::vector<std::string>{"http://a:1"});
  const auto nowhere = options({"--listen-peer-urls=http://0.0.0.0:12380"}, "");
  REQUIRE(nowhere.has_value());
  CHECK(nowhere->config.initial_advertise_peer_urls == std::vector<std::string>{"http://localhost:2380"});
}

TEST_CASE("contradictory settings are refused in one line that says what to do") {
  struct Case {
    std::vector<std::string> arguments;
    std::string_view says;
  };
  const Case cases[] = {
      {{"--listen-client-urls=http://127.0.0.1:1"}, "--advertise-client-urls is required when --listen-client-urls is set explicitly"},
      {{"--listen-client-urls=http://127.0.0.1:2380", "--advertise-client-urls=http://a:1"}, "both name 127.0.0.1:2380"},
      {{"--listen-client-urls=", "--advertise-client-urls=http://a:1"}, "--listen-client-urls names no URL"},
      {{"--listen-peer-urls=https://127.0.0.1:1"}, "TLS is not supported yet"},
      {{"--listen-peer-urls=http://example.com:1"}, "expected IP in URL for binding"},
      {{"--initial-cluster=default"}, "does not have the form name=url"},
      {{"--initial-cluster==http://a:1"}, "does not have the form name=url"},
      {{"--initial-cluster=default=http://a:1,"}, "does not have the form name=url"},
      {{"--initial-cluster=default=a:1"}, "URL scheme must be"},
      {{"--name="}, "--name is empty"},
      {{"--heartbeat-interval=99999999999999"}, "too long"},
      {{"--max-concurrent-streams=0"}, "--max-concurrent-streams is between"},
      {{"--max-concurrent-streams=4294967296"}, "--max-concurrent-streams is between"},
      {{"--log-level=loud"}, "--log-level is debug"},
      {{"--log-outputs=stdout"}, "--log-outputs stdout is not supported yet"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.says);
    const auto all = options(c.arguments);
    REQUIRE(!all.has_value());
    CHECK(all.error().exit_code == ExitCode::failed);
    CHECK(all.error().text.find(c.says) != std::string::npos);
    CHECK(all.error().text.find('\n') == std::string::npos);
  }
}

TEST_CASE("port 0 may stand twice: each listener gets its own") {
  CHECK(options({"--listen-client-urls=http://127.0.0.1:0", "--advertise-client-urls=http://a:1", "--listen-peer-urls=http://127.0.0.1:0"}).has_value());
}

TEST_CASE("what is accepted without effect is said") {
  const auto all = options({"--snapshot-count=5", "--pre-vote=true", "--max-request-bytes=20000000", "--max-txn-ops=5"});
  REQUIRE(all.has_value());
  REQUIRE(all->warnings.size() == 2);
  CHECK(all->warnings[0].find("recommended request limit") != std::string::npos);
  CHECK(all->warnings[1].find("--snapshot-count has no effect") != std::string::npos);
  CHECK(all->config.max_request_bytes == 20000000);
  CHECK(all->config.max_txn_ops == 5);
}

TEST_CASE("the pace of compaction is etcd's unless it is said, and 0 says nothing") {
  const auto untouched = options({"--compaction-batch-limit=0", "--compaction-sleep-interval=0s"});
  REQUIRE(untouched.has_value());
  CHECK(untouched->config.compaction_batch_limit == 1000);
  CHECK(untouched->config.compaction_sleep_interval == std::chrono::milliseconds(10));
  const auto told = options({"--compaction-batch-limit=7", "--compaction-sleep-interval=3s"});
  REQUIRE(told.has_value());
  CHECK(told->config.compaction_batch_limit == 7);
  CHECK(told->config.compaction_sleep_interval == std::chrono::seconds(3));
  CHECK(told->warnings.empty());
}

TEST_CASE("every log level of etcd is known") {
  for (const char* level : {"debug", "info", "warn", "error", "panic", "fatal"}) CHECK(options({std::string("--log-level=") + level}).has_value());
}
