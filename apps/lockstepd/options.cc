#include "apps/lockstepd/options.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "apps/lockstepd/feature_gates.h"
#include "apps/lockstepd/urls.h"
#include "apps/lockstepd/values.h"
#include "core/base/assert.h"

namespace lockstepd {
namespace {

constexpr std::uint64_t kRecommendedRequestBytes = 10U << 20U;

tl::unexpected<Refusal> failed(std::string text) { return refuse(ExitCode::failed, std::move(text)); }

// Values in Settings have been checked, so these cannot fail.
std::uint64_t count_of(const Settings& settings, std::string_view flag) {
  const std::optional<std::uint64_t> count = parse_count(settings.get(flag));
  ASSERT(count.has_value());
  return *count;
}
bool boolean_of(const Settings& settings, std::string_view flag) {
  const std::optional<bool> boolean = parse_boolean(settings.get(flag));
  ASSERT(boolean.has_value());
  return *boolean;
}
base::Duration duration_of(const Settings& settings, std::string_view flag) {
  const std::optional<base::Duration> duration = parse_duration(settings.get(flag));
  ASSERT(duration.has_value());
  return *duration;
}
std::vector<base::Url> urls_of(const Settings& settings, std::string_view flag) {
  const std::string_view text = settings.get(flag);
  if (text.empty()) return {};
  base::Result<std::vector<base::Url>> urls = base::parse_urls(text);
  ASSERT(urls.has_value());
  return std::move(*urls);
}

std::vector<std::string> texts_of(const std::vector<base::Url>& urls) {
  std::vector<std::string> texts;
  for (const base::Url& url : urls) texts.push_back(url.text);
  return texts;
}

std::optional<io::Level> level_of(std::string_view name) {
  if (name == "debug") return io::Level::debug;
  if (name == "info") return io::Level::info;
  if (name == "warn") return io::Level::warn;
  if (name == "error") return io::Level::error;
  if (name == "panic" || name == "fatal") return io::Level::fatal;
  return std::nullopt;
}

Parsed<std::vector<io::Address>> addresses_of(const Settings& settings, std::string_view flag) {
  std::vector<io::Address> addresses;
  for (const base::Url& url : urls_of(settings, flag)) {
    base::Result<io::Address> address = listen_address(url);
    if (!address) return failed("--" + std::string(flag) + ": " + address.error().detail);
    addresses.push_back(std::move(*address));
  }
  if (addresses.empty()) return failed("--" + std::string(flag) + " names no URL: give at least one, or leave it out");
  return addresses;
}

// `name=url,name2=url2`; a name that is repeated adds a URL.
Parsed<std::vector<etcd::InitialMember>> parse_initial_cluster(std::string_view text) {
  std::vector<etcd::InitialMember> members;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view one = text.substr(begin, end - begin);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return failed("--initial-cluster: \"" + std::string(one) + "\" does not have the form name=url");
    }
    const std::string_view name = one.substr(0, equals);
    const base::Result<base::Url> url = base::parse_url(one.substr(equals + 1));
    if (!url) return failed("--initial-cluster: " + url.error().detail);
    const auto known = std::find_if(members.begin(), members.end(), [name](const etcd::InitialMember& member) { return member.name == name; });
    if (known != members.end()) {
      known->peer_urls.push_back(url->text);
    } else {
      members.push_back({std::string(name), {url->text}});
    }
    begin = end + 1;
  }
  return members;
}

// A member that listens everywhere and was not told what to advertise advertises this machine's address
// (behaviour reference §11.5).
std::vector<std::string> advertised(const Settings& settings, std::string_view advertise_flag, const std::vector<io::Address>& listen,
                                    const std::string& default_host) {
  const bool is_wildcard = std::any_of(listen.begin(), listen.end(), [](const io::Address& address) { return address.host == "0.0.0.0"; });
  if (settings.is_set(advertise_flag) || !is_wildcard || default_host.empty()) return texts_of(urls_of(settings, advertise_flag));
  return {"http://" + default_host + ":" + std::to_string(listen.front().port)};
}

// The same address twice would be a busy port later, with a puzzling message.
Parsed<bool> check_distinct(const etcd::ServerConfig& config) {
  for (const io::Address& client : config.listen_client) {
    if (client.port != 0 && std::find(config.listen_peer.begin(), config.listen_peer.end(), client) != config.listen_peer.end()) {
      return failed("--listen-client-urls and --listen-peer-urls both name " + io::to_text(client) + ": give one of them another port");
    }
  }
  return true;
}

Parsed<bool> fill_addresses(const Settings& settings, const std::string& default_host, etcd::ServerConfig& config) {
  if (settings.is_set("listen-client-urls") && !settings.is_set("advertise-client-urls")) {
    return failed("--advertise-client-urls is required when --listen-client-urls is set explicitly");
  }
  Parsed<std::vector<io::Address>> client = addresses_of(settings, "listen-client-urls");
  if (!client) return tl::unexpected(client.error());
  Parsed<std::vector<io::Address>> peer = addresses_of(settings, "listen-peer-urls");
  if (!peer) return tl::unexpected(peer.error());
  config.listen_client = std::move(*client);
  config.listen_peer = std::move(*peer);
  config.advertise_client_urls = advertised(settings, "advertise-client-urls", config.listen_client, default_host);
  config.initial_advertise_peer_urls = advertised(settings, "initial-advertise-peer-urls", config.listen_peer, default_host);
  return check_distinct(config);
}

Parsed<bool> fill_cluster(const Settings& settings, etcd::ServerConfig& config) {
  config.initial_cluster_token = settings.get("initial-cluster-token");
  config.is_joining = settings.get("initial-cluster-state") == "existing";
  config.force_new_cluster = boolean_of(settings, "force-new-cluster");
  config.strict_reconfig_check = boolean_of(settings, "strict-reconfig-check");
  config.max_learners = count_of(settings, "max-learners");
  if (settings.get("initial-cluster").empty()) {
    config.initial_cluster = {{config.name, config.initial_advertise_peer_urls}};
    return true;
  }
  Parsed<std::vector<etcd::InitialMember>> members = parse_initial_cluster(settings.get("initial-cluster"));
  if (!members) return tl::unexpected(members.error());
  config.initial_cluster = std::move(*members);
  return true;
}

Parsed<bool> fill_limits(const Settings& settings, Options& options) {
  etcd::ServerConfig& config = options.config;
  // Larger than any sensible time; what is sensible is etcd::validate()'s to say, this only keeps the product small.
  constexpr std::uint64_t kMillisecondsMax = 1'000'000'000;
  for (const std::string_view flag : {"heartbeat-interval", "election-timeout"}) {
    if (count_of(settings, flag) > kMillisecondsMax) return failed("--" + std::string(flag) + " is too long: it counts milliseconds");
  }
  config.heartbeat_interval = std::chrono::milliseconds(count_of(settings, "heartbeat-interval"));
  config.election_timeout = std::chrono::milliseconds(count_of(settings, "election-timeout"));
  config.initial_election_tick_advance = boolean_of(settings, "initial-election-tick-advance");
  config.max_request_bytes = count_of(settings, "max-request-bytes");
  if (config.max_request_bytes > kRecommendedRequestBytes) {
    options.warnings.push_back("exceeded recommended request limit: --max-request-bytes above 10 MiB");
  }
  const Parsed<FeatureGates> gates = parse_feature_gates(settings.get("feature-gates"));
  if (!gates) return tl::unexpected(gates.error());
  config.lease_checkpoint = gates->lease_checkpoint;
  config.max_txn_ops = count_of(settings, "max-txn-ops");
  const std::uint64_t compaction_limit = count_of(settings, "compaction-batch-limit");
  if (compaction_limit != 0) config.compaction_batch_limit = compaction_limit;
  const base::Duration compaction_pause = duration_of(settings, "compaction-sleep-interval");
  if (compaction_pause != base::Duration(0)) config.compaction_sleep_interval = compaction_pause;
  constexpr base::Duration kProgressIntervalMin = std::chrono::milliseconds(100);
  const base::Duration progress_interval = duration_of(settings, "watch-progress-notify-interval");
  if (progress_interval != base::Duration(0)) config.watch_progress_notify_interval = std::max(progress_interval, kProgressIntervalMin);
  const std::uint64_t streams = count_of(settings, "max-concurrent-streams");
  if (streams == 0 || streams > UINT32_MAX) return failed("--max-concurrent-streams is between 1 and 4294967295");
  config.max_concurrent_streams = static_cast<std::uint32_t>(streams);
  config.grpc_keepalive_min_time = duration_of(settings, "grpc-keepalive-min-time");
  config.grpc_keepalive_interval = duration_of(settings, "grpc-keepalive-interval");
  config.grpc_keepalive_timeout = duration_of(settings, "grpc-keepalive-timeout");
  return true;
}

Parsed<bool> fill_log(const Settings& settings, Options& options) {
  const std::string_view outputs = settings.get("log-outputs");
  if (outputs != "default" && outputs != "stderr") {
    return failed("--log-outputs " + std::string(outputs) + " is not supported yet: log lines go to stderr, leave it out");
  }
  const std::optional<io::Level> level = level_of(settings.get("log-level"));
  if (!level) return failed("--log-level is debug, info, warn, error, panic or fatal");
  options.log_level = *level;
  return true;
}

}  // namespace

Parsed<Options> make_options(const Settings& settings, const std::string& default_host) {
  Options options;
  options.warnings = settings.warnings;
  options.config.name = settings.get("name");
  if (options.config.name.empty()) return failed("--name is empty: give the member a name, or leave it out");
  options.data_directory = settings.get("data-dir");
  if (options.data_directory.empty()) options.data_directory = options.config.name + ".etcd";

  // In this order: the initial cluster's default is what the member advertises.
  if (const auto filled = fill_addresses(settings, default_host, options.config); !filled) return tl::unexpected(filled.error());
  if (const auto filled = fill_cluster(settings, options.config); !filled) return tl::unexpected(filled.error());
  if (const auto filled = fill_limits(settings, options); !filled) return tl::unexpected(filled.error());
  if (const auto filled = fill_log(settings, options); !filled) return tl::unexpected(filled.error());
  for (const auto& [name, value] : settings.values) {
    if (find_flag(name)->support == Support::accepted && value != find_flag(name)->fallback) {
      options.warnings.push_back("flag --" + name + " has no effect here (" + std::string(find_flag(name)->help) + ")");
    }
  }
  return options;
}

}  // namespace lockstepd
