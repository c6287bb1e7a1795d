#include "apps/lockstepd/flags.h"

#include <algorithm>

#include "apps/lockstepd/urls.h"
#include "apps/lockstepd/values.h"
#include "core/base/assert.h"

namespace lockstepd {
namespace {

constexpr Flag kFlags[] = {
    // The member.
    {"name", Kind::text, Support::used, "default", "name of this member"},
    {"data-dir", Kind::text, Support::used, "", "directory of its data; default: <name>.etcd"},
    {"heartbeat-interval", Kind::count, Support::used, "100", "milliseconds between a leader's heartbeats"},
    {"election-timeout", Kind::count, Support::used, "1000", "milliseconds without a leader before an election"},
    {"max-request-bytes", Kind::count, Support::used, "1572864", "largest request that is taken into the log"},
    {"max-concurrent-streams", Kind::count, Support::used, "4294967295", "HTTP/2 streams of one connection"},
    {"grpc-keepalive-min-time", Kind::duration, Support::used, "5s", "clients that ping more often are disconnected"},
    {"grpc-keepalive-interval", Kind::duration, Support::used, "2h", "idle time after which a client is pinged"},
    {"grpc-keepalive-timeout", Kind::duration, Support::used, "20s", "time that a pinged client has to answer"},
    {"listen-peer-urls", Kind::urls, Support::used, "http://localhost:2380", "where members reach this one"},
    {"listen-client-urls", Kind::urls, Support::used, "http://localhost:2379", "where clients reach this one"},
    {"wal-dir", Kind::text, Support::refused, "", "separate directory of the log"},
    {"snapshot-count", Kind::count, Support::accepted, "10000", "entries between snapshots; here the store decides by itself"},
    {"snapshot-catchup-entries", Kind::count, Support::accepted, "5000", "entries kept for slow followers"},
    {"max-snapshots", Kind::count, Support::accepted, "5", "snapshot files kept"},
    {"max-wals", Kind::count, Support::accepted, "5", "log files kept"},
    {"initial-election-tick-advance", Kind::boolean, Support::used, "true", "shortens the first election"},
    {"pre-vote", Kind::boolean, Support::accepted, "true", "ask before an election; here always"},
    {"quota-backend-bytes", Kind::number, Support::refused, "0", "size at which the store takes no more writes"},
    {"backend-bbolt-freelist-type", Kind::text, Support::accepted, "map", "tunes etcd's store"},
    {"backend-batch-interval", Kind::duration, Support::accepted, "0s", "tunes etcd's store"},
    {"backend-batch-limit", Kind::number, Support::accepted, "0", "tunes etcd's store"},
    {"bootstrap-defrag-threshold-megabytes", Kind::count, Support::accepted, "0", "here free pages return bit by bit"},
    {"memory-mlock", Kind::boolean, Support::refused, "false", "lock the store's memory"},
    {"max-txn-ops", Kind::count, Support::used, "128", "operations of one transaction"},
    {"socket-reuse-port", Kind::boolean, Support::refused, "false", "share the listeners' ports"},
    {"socket-reuse-address", Kind::boolean, Support::accepted, "false", "bind while old connections linger; here always"},
    {"raft-read-timeout", Kind::duration, Support::accepted, "5s", "limit of peer connections"},
    {"raft-write-timeout", Kind::duration, Support::accepted, "5s", "limit of peer connections"},
    {"listen-client-http-urls", Kind::urls, Support::refused, "", "listeners for HTTP alone"},
    {"listen-metrics-urls", Kind::urls, Support::refused, "", "listeners for metrics and health"},
    // The cluster.
    {"initial-advertise-peer-urls", Kind::urls, Support::used, "http://localhost:2380", "peer URLs told to the cluster"},
    {"advertise-client-urls", Kind::urls, Support::used, "http://localhost:2379", "client URLs told to the cluster"},
    {"initial-cluster", Kind::text, Support::used, "", "name=url,...; default: <name>=<initial-advertise-peer-urls>"},
    {"initial-cluster-token", Kind::text, Support::used, "etcd-cluster", "part of the ids of a new cluster"},
    {"initial-cluster-state", Kind::state, Support::used, "new", "new, or existing to join a cluster"},
    {"force-new-cluster", Kind::boolean, Support::used, "false", "restart as a cluster of one, for good"},
    {"unsafe-no-fsync", Kind::boolean, Support::refused, "false", "acknowledge what is not durable"},
    {"strict-reconfig-check", Kind::boolean, Support::used, "true", "refuse risky membership changes"},
    {"max-learners", Kind::count, Support::used, "1", "learners of a cluster"},
    {"discovery-srv", Kind::text, Support::refused, "", "find the cluster by DNS"},
    {"discovery-srv-name", Kind::text, Support::refused, "", "find the cluster by DNS"},
    {"discovery-endpoints", Kind::text, Support::refused, "", "find the cluster by another one"},
    {"discovery-token", Kind::text, Support::refused, "", "find the cluster by another one"},
    {"discovery-dial-timeout", Kind::duration, Support::accepted, "2s", "tunes discovery"},
    {"discovery-request-timeout", Kind::duration, Support::accepted, "5s", "tunes discovery"},
    {"discovery-keepalive-time", Kind::duration, Support::accepted, "2s", "tunes discovery"},
    {"discovery-keepalive-timeout", Kind::duration, Support::accepted, "6s", "tunes discovery"},
    {"discovery-insecure-transport", Kind::boolean, Support::accepted, "true", "tunes discovery"},
    {"discovery-insecure-skip-tls-verify", Kind::boolean, Support::accepted, "false", "tunes discovery"},
    {"discovery-cert", Kind::text, Support::accepted, "", "tunes discovery"},
    {"discovery-key", Kind::text, Support::accepted, "", "tunes discovery"},
    {"discovery-cacert", Kind::text, Support::accepted, "", "tunes discovery"},
    {"discovery-user", Kind::text, Support::accepted, "", "tunes discovery"},
    {"discovery-password", Kind::text, Support::accepted, "", "tunes discovery"},
    {"discovery-fallback", Kind::text, Support::refused, "exit", "what follows when discovery fails"},
    // Security.
    {"cert-file", Kind::text, Support::refused, "", "TLS: certificate of the server"},
    {"key-file", Kind::text, Support::refused, "", "TLS: its key"},
    {"client-cert-file", Kind::text, Support::refused, "", "TLS: certificate for dialing itself"},
    {"client-key-file", Kind::text, Support::refused, "", "TLS: its key"},
    {"client-cert-auth", Kind::boolean, Support::refused, "false", "TLS: demand certificates of clients"},
    {"trusted-ca-file", Kind::text, Support::refused, "", "TLS: authority of client certificates"},
    {"client-crl-file", Kind::text, Support::refused, "", "TLS: revoked client certificates"},
    {"client-cert-allowed-hostname", Kind::text, Support::refused, "", "TLS: names allowed in client certificates"},
    {"auto-tls", Kind::boolean, Support::refused, "false", "TLS: certificates of its own making"},
    {"peer-auto-tls", Kind::boolean, Support::refused, "false", "TLS: the same between members"},
    {"self-signed-cert-validity", Kind::count, Support::accepted, "1", "years that these are valid"},
    {"peer-cert-file", Kind::text, Support::refused, "", "TLS between members"},
    {"peer-key-file", Kind::text, Support::refused, "", "TLS between members"},
    {"peer-client-cert-file", Kind::text, Support::refused, "", "TLS between members"},
    {"peer-client-key-file", Kind::text, Support::refused, "", "TLS between members"},
    {"peer-client-cert-auth", Kind::boolean, Support::refused, "false", "TLS between members"},
    {"peer-trusted-ca-file", Kind::text, Support::refused, "", "TLS between members"},
    {"peer-crl-file", Kind::text, Support::refused, "", "TLS between members"},
    {"peer-cert-allowed-cn", Kind::text, Support::refused, "", "TLS between members"},
    {"peer-cert-allowed-hostname", Kind::text, Support::refused, "", "TLS between members"},
    {"peer-skip-client-san-verification", Kind::boolean, Support::refused, "false", "TLS between members"},
    {"cipher-suites", Kind::text, Support::refused, "", "TLS: suites allowed"},
    {"tls-min-version", Kind::text, Support::refused, "TLS1.2", "TLS: oldest version"},
    {"tls-max-version", Kind::text, Support::refused, "", "TLS: newest version"},
    {"cors", Kind::text, Support::refused, "*", "origins allowed to browsers"},
    {"host-whitelist", Kind::text, Support::refused, "*", "host names allowed in HTTP requests"},
    {"auth-token", Kind::text, Support::refused, "simple", "kind of authentication tokens"},
    {"bcrypt-cost", Kind::count, Support::accepted, "10", "cost of password hashes"},
    {"auth-token-ttl", Kind::count, Support::accepted, "300", "seconds that a token lives"},
    // Upkeep.
    {"auto-compaction-mode", Kind::text, Support::accepted, "periodic", "tunes automatic compaction"},
    {"auto-compaction-retention", Kind::text, Support::refused, "0", "history that automatic compaction keeps"},
    {"compaction-batch-limit", Kind::count, Support::used, "0", "versions that a slice of compaction drops; 0: 1000"},
    {"compaction-sleep-interval", Kind::duration, Support::used, "0s", "time between slices of compaction; 0: 10ms"},
    {"corrupt-check-time", Kind::duration, Support::refused, "0s", "time between comparisons of members"},
    {"compact-hash-check-time", Kind::duration, Support::accepted, "1m0s", "tunes comparisons of members"},
    {"watch-progress-notify-interval", Kind::duration, Support::used, "0s", "time between notices to idle watchers that want them; 0: 10m, at least 100ms"},
    {"downgrade-check-time", Kind::duration, Support::accepted, "5s", "tunes downgrades"},
    // Insight.
    {"log-level", Kind::text, Support::used, "info", "debug, info, warn, error, panic or fatal"},
    {"logger", Kind::text, Support::refused, "zap", "etcd's logger, the only value"},
    {"log-format", Kind::text, Support::refused, "json", "form of the log lines"},
    {"log-outputs", Kind::text, Support::used, "default", "default or stderr"},
    {"enable-log-rotation", Kind::boolean, Support::refused, "false", "rotate log files"},
    {"log-rotation-config-json", Kind::text, Support::accepted,
     R"({"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false})", "tunes log rotation"},
    {"warning-apply-duration", Kind::duration, Support::accepted, "100ms", "tunes warnings of slow work"},
    {"warning-unary-request-duration", Kind::duration, Support::accepted, "300ms", "tunes warnings of slow work"},
    {"enable-grpc-gateway", Kind::boolean, Support::accepted, "true", "JSON over HTTP, which is not there yet"},
    {"enable-pprof", Kind::boolean, Support::refused, "false", "Go's profiling pages"},
    {"metrics", Kind::text, Support::refused, "basic", "how much is measured"},
    {"enable-distributed-tracing", Kind::boolean, Support::refused, "false", "export of traces"},
    {"distributed-tracing-address", Kind::text, Support::accepted, "localhost:4317", "tunes export of traces"},
    {"distributed-tracing-service-name", Kind::text, Support::accepted, "etcd", "tunes export of traces"},
    {"distributed-tracing-instance-id", Kind::text, Support::accepted, "", "tunes export of traces"},
    {"distributed-tracing-sampling-rate", Kind::count, Support::accepted, "0", "tunes export of traces"},
    {"feature-gates", Kind::text, Support::used, "", "Name=true,..."},
    {"config-file", Kind::text, Support::refused, "", "all settings from one file"},
    {"version", Kind::boolean, Support::used, "false", "print the version and exit"},
    {"help", Kind::boolean, Support::used, "false", "print this and exit"},
    // What etcd itself takes and ignores.
    {"cluster-active-size", Kind::boolean, Support::obsolete, "", ""},
    {"cluster-remove-delay", Kind::boolean, Support::obsolete, "", ""},
    {"cluster-sync-interval", Kind::boolean, Support::obsolete, "", ""},
    {"config", Kind::boolean, Support::obsolete, "", ""},
    {"force", Kind::boolean, Support::obsolete, "", ""},
    {"max-result-buffer", Kind::boolean, Support::obsolete, "", ""},
    {"max-retry-attempts", Kind::boolean, Support::obsolete, "", ""},
    {"peer-heartbeat-interval", Kind::boolean, Support::obsolete, "", ""},
    {"peer-election-timeout", Kind::boolean, Support::obsolete, "", ""},
    {"retry-interval", Kind::boolean, Support::obsolete, "", ""},
    {"snapshot", Kind::boolean, Support::obsolete, "", ""},
    {"v", Kind::boolean, Support::obsolete, "", ""},
    {"vv", Kind::boolean, Support::obsolete, "", ""},
};

// What is wrong with a value of this kind; empty when nothing is.
std::string fault_in(Kind kind, std::string_view value) {
  switch (kind) {
    case Kind::boolean: return parse_boolean(value) ? "" : "parse error";
    case Kind::count: return parse_count(value) ? "" : "parse error";
    case Kind::number: return parse_number(value) ? "" : "parse error";
    case Kind::duration: return parse_duration(value) ? "" : "parse error, a duration looks like 100ms or 1h30m";
    case Kind::text: return "";
    case Kind::urls: {
      if (value.empty()) return "";  // none
      const base::Result<std::vector<base::Url>> urls = base::parse_urls(value);
      return urls ? "" : urls.error().detail;
    }
    case Kind::state: return value == "new" || value == "existing" ? "" : "it is new or existing";
  }
  ASSERT(false);
}

// Whether two texts are one value: `false` and `0`, `0s` and `0`.
bool is_same_value(Kind kind, std::string_view left, std::string_view right) {
  switch (kind) {
    case Kind::boolean: return parse_boolean(left) == parse_boolean(right);
    case Kind::count: return parse_count(left) == parse_count(right);
    case Kind::number: return parse_number(left) == parse_number(right);
    case Kind::duration: return parse_duration(left) == parse_duration(right);
    case Kind::text:
    case Kind::urls:
    case Kind::state: return left == right;
  }
  ASSERT(false);
}

}  // namespace

std::span<const Flag> all_flags() { return kFlags; }

const Flag* find_flag(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kFlags), std::end(kFlags), [name](const Flag& flag) { return flag.name == name; });
  return found == std::end(kFlags) ? nullptr : found;
}

std::string variable_of(const Flag& flag) {
  std::string variable = "ETCD_";
  for (const char c : flag.name) {
    variable += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return variable;
}

Parsed<std::string> check_value(const Flag& flag, std::string value, Origin origin) {
  const bool is_flag = origin == Origin::command_line;
  if (flag.support == Support::obsolete) return value;
  if (const std::string fault = fault_in(flag.kind, value); !fault.empty()) {
    const std::string where = is_flag ? "flag -" + std::string(flag.name) : variable_of(flag);
    return refuse(is_flag ? ExitCode::bad_syntax : ExitCode::failed, "invalid value \"" + value + "\" for " + where + ": " + fault);
  }
  if (flag.support == Support::refused && !is_same_value(flag.kind, value, flag.fallback)) {
    const std::string where = is_flag ? "--" + std::string(flag.name) : variable_of(flag);
    return refuse(ExitCode::failed, where + " is not supported yet (" + std::string(flag.help) + "): leave it out");
  }
  return value;
}

}  // namespace lockstepd
