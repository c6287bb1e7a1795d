// core/etcd/config.h: what a member is told at start, after flags and environment were parsed.
//
// Names and defaults are those of etcd's flags (behaviour reference §11.1). This is a plain struct, so the
// daemon and the simulator fill the same one. Whatever the text of a URL decides, such as the address to
// bind, has been resolved by whoever fills it in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/peer/options.h"
#include "io/network.h"

namespace etcd {

// One `name=url` group of --initial-cluster; a name that is repeated there adds URLs here.
struct InitialMember {
  std::string name;
  std::vector<std::string> peer_urls;
  bool is_learner = false;  // no flag says so: for groups that are put together by hand
};

// Sizes and delays that no flag of etcd names. The simulator makes them small, so that what is rare in a
// daemon happens in every run. Defaults and meanings: wal::Options, replica::Options, sqlite::BackendOptions, peer::Options.
struct Tuning {
  std::uint64_t log_segment_bytes = 16U << 20U;
  std::uint64_t apply_slice_entries = 512;
  std::uint64_t catch_up_entries = 5000;
  std::uint64_t truncate_step_entries = 1000;
  std::uint64_t unapplied_entries_max = 5000;
  std::uint64_t kept_entries_max = 200'000;
  std::uint64_t kept_bytes_max = 256U << 20U;
  std::uint64_t snapshots_max = 2;
  std::uint64_t unmaterialised_bytes_max = 64U << 20U;
  std::uint64_t store_batch_rows = 4000;
  base::Duration store_batch_delay = std::chrono::milliseconds(100);
  std::uint64_t store_wal_bytes_max = 64U << 20U;
  std::uint64_t range_slice_keys = 5'000;  // what a turn does of a large Range or RangeStream; ScanBudget
  std::uint64_t range_slice_rows = 250;    // and of a HashKV; HashBudget
  std::uint64_t range_slice_bytes = 256U << 10U;
  std::uint64_t range_part_bytes = 1U << 20U;  // a large answer is kept, and sent, in parts of about this size
  std::uint64_t stream_queued_bytes_max = 1U << 20U;  // a client that leaves this much of a RangeStream or a Watch untaken gets nothing new
  std::uint64_t watch_slice_rows = 1'000;            // what a turn reads of history for watchers that catch up
  std::uint64_t watch_slice_bytes = 1U << 20U;       // likewise
  std::uint64_t store_snapshot_wal_bytes = 256U << 20U;
  std::uint64_t store_snapshot_wal_bytes_max = std::uint64_t{4} << 30U;
  base::Duration store_checkpoint_delay = std::chrono::seconds(5);
  std::uint64_t store_vacuum_pages = 1024;
  base::Duration store_vacuum_delay = std::chrono::seconds(1);
  std::uint64_t store_page_cache_bytes = 64U << 20U;
  peer::Options peer;
};

struct ServerConfig {
  std::string name = "default";

  std::vector<io::Address> listen_client;  // at least one; port 0 picks a free one
  std::vector<io::Address> listen_peer;    // may be empty in a cluster of one member
  std::vector<std::string> advertise_client_urls = {"http://localhost:2379"};

  // Bootstrap only: a member that has a log takes its ids from there and ignores these.
  std::vector<std::string> initial_advertise_peer_urls = {"http://localhost:2380"};
  std::vector<InitialMember> initial_cluster = {{"default", {"http://localhost:2380"}}};
  std::string initial_cluster_token = "etcd-cluster";

  bool is_joining = false;                // --initial-cluster-state existing
  bool force_new_cluster = false;         // what the log says of other members is given up: this one goes on alone
  bool strict_reconfig_check = true;      // changes of the membership that could cost the quorum are refused
  std::uint64_t max_learners = 1;

  base::Duration heartbeat_interval = std::chrono::milliseconds(100);
  base::Duration election_timeout = std::chrono::milliseconds(1000);
  bool initial_election_tick_advance = true;  // a member that reaches the others does not wait out its first election timeout

  std::int64_t quota_backend_bytes = 0;           // 0: 2 GiB; negative: unlimited
  std::uint64_t max_request_bytes = 1572864;      // of one proposal, its header included
  std::uint64_t max_txn_ops = 128;                // operations of one transaction
  std::uint64_t compaction_batch_limit = 1000;    // versions that one slice of revision compaction drops
  base::Duration compaction_sleep_interval = std::chrono::milliseconds(10);  // between slices
  base::Duration watch_progress_notify_interval = std::chrono::minutes(10);  // for watchers that want to hear even when there is nothing; at least 100 ms
  std::uint32_t max_concurrent_streams = UINT32_MAX;
  base::Duration grpc_keepalive_min_time = std::chrono::seconds(5);
  base::Duration grpc_keepalive_interval = std::chrono::hours(2);
  base::Duration grpc_keepalive_timeout = std::chrono::seconds(20);

  Tuning tuning;

  // Behaviour reference §9: how long a request may wait for its answer.
  base::Duration request_timeout() const { return std::chrono::seconds(5) + 2 * election_timeout; }
};

// What etcd refuses before it starts (behaviour reference §9): timing out of bounds, nothing to listen on or to
// advertise. `invalid` always, with etcd's text where stock tools know it.
base::Status validate(const ServerConfig& config);

// What it refuses on top where there is no log yet (§7.2): an initial cluster without this member, with other
// URLs for it than it advertises, with a URL that stands there twice or that members cannot be reached at. A member with a log
// ignores all that.
base::Status validate_bootstrap(const ServerConfig& config);

}  // namespace etcd
