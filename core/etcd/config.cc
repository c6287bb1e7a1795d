#include "core/etcd/config.h"

#include <algorithm>
#include <set>

#include "core/etcd/group.h"

namespace etcd {

namespace {

base::Status invalid(std::string text) { return base::fail(base::Code::invalid, std::move(text)); }

constexpr base::Duration kElectionTimeoutMax = std::chrono::milliseconds(50000);

base::Status validate_timing(const ServerConfig& config) {
  if (config.heartbeat_interval <= base::Duration::zero()) return invalid("--heartbeat-interval must be >0");
  if (config.election_timeout < 5 * config.heartbeat_interval) {
    return invalid("--election-timeout must be at least 5 times as long as --heartbeat-interval");
  }
  if (config.election_timeout > kElectionTimeoutMax) return invalid("--election-timeout is too long, and should be at most 50000ms");
  return {};
}

}  // namespace

base::Status validate_bootstrap(const ServerConfig& config) {
  std::set<std::string> urls;
  const InitialMember* self = nullptr;
  for (const InitialMember& member : config.initial_cluster) {
    if (member.name == config.name) self = &member;
    for (const std::string& url : member.peer_urls) {
      if (!urls.insert(url).second) return invalid("--initial-cluster names the URL " + url + " twice");
      if (const auto address = peer_address(url); !address && config.initial_cluster.size() > 1) return base::fail(address.error());
    }
  }
  if (self == nullptr) return invalid("couldn't find local name \"" + config.name + "\" in the initial cluster configuration");
  if (config.initial_cluster.size() > 1 && config.listen_peer.empty()) {
    return invalid("--listen-peer-urls must name at least one URL: --initial-cluster names other members");
  }
  std::vector<std::string> listed = self->peer_urls;
  std::vector<std::string> advertised = config.initial_advertise_peer_urls;
  std::sort(listed.begin(), listed.end());
  std::sort(advertised.begin(), advertised.end());
  if (listed != advertised) {
    return invalid("--initial-cluster has other URLs for \"" + config.name + "\" than --initial-advertise-peer-urls");
  }
  return {};
}

std::int64_t ServerConfig::lease_ttl_min() const {
  const std::int64_t ticks = 3 * (election_timeout / heartbeat_interval) / 2;
  return std::chrono::ceil<std::chrono::seconds>(ticks * heartbeat_interval).count();
}

base::Status validate(const ServerConfig& config) {
  if (config.name.empty()) return invalid("--name must not be empty");
  if (config.listen_client.empty()) return invalid("--listen-client-urls must name at least one URL");
  if (config.advertise_client_urls.empty()) return invalid("--advertise-client-urls must name at least one URL");
  return validate_timing(config);
}

}  // namespace etcd
