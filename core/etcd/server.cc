#include "core/etcd/server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/etcd/bootstrap_check.h"
#include "core/etcd/cluster_service.h"
#include "core/etcd/group.h"
#include "core/etcd/group_watch.h"
#include "core/etcd/health_page.h"
#include "core/etcd/http_pages.h"
#include "core/etcd/ids.h"
#include "core/etcd/join.h"
#include "core/etcd/kv_service.h"
#include "core/etcd/leadership.h"
#include "core/etcd/maintenance_service.h"
#include "core/etcd/membership.h"
#include "core/etcd/peer_group.h"
#include "core/etcd/peer_service.h"
#include "core/etcd/publisher.h"
#include "core/etcd/required_leader.h"
#include "core/etcd/service_context.h"
#include "core/etcd/version.h"
#include "core/etcd/version_monitor.h"
#include "core/etcd/watch_service.h"
#include "core/peer/member.h"
#include "core/rpc/health.h"
#include "storage/wal/wal.h"

namespace etcd {

namespace {

// Who was removed goes on for so long, so that whoever asked for it is answered, and is known to the others for longer (etcd server.go).
constexpr base::Duration kRemovedDelay = std::chrono::seconds(1);
constexpr base::Duration kRemovedPatience = std::chrono::seconds(3);

constexpr std::size_t kRequestOverheadBytes = 512U << 10U;  // what a message may exceed a proposal by (§14)

rpc::ServerOptions client_options(const ServerConfig& config) {
  rpc::ServerOptions options;
  options.receive_bytes_max = static_cast<std::size_t>(config.max_request_bytes) + kRequestOverheadBytes;
  options.concurrent_streams_max = config.max_concurrent_streams;
  options.keepalive_min_time = config.grpc_keepalive_min_time;
  options.keepalive_interval = config.grpc_keepalive_interval;
  options.keepalive_timeout = config.grpc_keepalive_timeout;
  // Any browser may ask (behaviour reference §10.2; other values of --cors are refused).
  options.http_headers = {{"Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE"},
                          {"Access-Control-Allow-Origin", "*"},
                          {"Access-Control-Allow-Headers", "accept, content-type, authorization"}};
  options.http_allows_options = true;
  return options;
}

sqlite::BackendOptions store_options(const Tuning& tuning) {
  sqlite::BackendOptions options;
  options.batch_rows = tuning.store_batch_rows;
  options.batch_delay = tuning.store_batch_delay;
  options.wal_bytes_max = tuning.store_wal_bytes_max;
  options.snapshot_wal_bytes = tuning.store_snapshot_wal_bytes;
  options.snapshot_wal_bytes_max = tuning.store_snapshot_wal_bytes_max;
  options.checkpoint_delay = tuning.store_checkpoint_delay;
  options.vacuum_pages = tuning.store_vacuum_pages;
  options.vacuum_delay = tuning.store_vacuum_delay;
  options.page_cache_bytes = tuning.store_page_cache_bytes;
  return options;
}

CompactionPace compaction_pace(const ServerConfig& config) {
  constexpr std::uint64_t kKeysPerVersion = 4;  // to look at a key costs less than to drop a version
  CompactionPace pace;
  pace.slice.versions = std::max<std::uint64_t>(config.compaction_batch_limit, 1);
  pace.slice.keys = pace.slice.versions * kKeysPerVersion;
  pace.pause = config.compaction_sleep_interval;
  pace.unmaterialised_bytes_max = config.tuning.unmaterialised_bytes_max / 4;  // the rest is for writes
  return pace;
}

wal::Options log_options(const Tuning& tuning) {
  wal::Options options;
  options.segment_bytes = tuning.log_segment_bytes;
  return options;
}

}  // namespace

// Forward only, and from any stage to stopping:
//   idle -> looking (a job: is there a log?) -> checking (no log, and others: do they know this member?) or joining (a cluster that
//   exists) -> booting -> publishing
//        -> serving -> stopping -> stopped
// A failure leaves the stage as it is and sets failed_.
class Server::Impl final : private io::Job,
                           private io::EndOfTurn,
                           private replica::ReplicaListener,
                           private PublisherListener,
                           private BootstrapCheckListener,
                           private JoinListener,
                           private AppliedGroupListener,
                           private GroupWatchListener,
                           private ReadFailure {
 public:
  Impl(const io::World& world, ServerConfig config, ServerListener& listener);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void start();
  void stop(io::Completion& done);
  const std::vector<io::Address>& client_addresses() const { return client_addresses_; }

 private:
  enum class Stage : std::uint8_t { idle, looking, checking, joining, booting, publishing, serving, stopping, stopped };

  // One step of stopping after the other: requests, the group, store.
  class Stopping final : public io::Completion, public io::Timer {
   public:
    explicit Stopping(Impl& impl) : impl_(impl) {}
    void begin(io::Completion& done);
    void complete(base::Status status) override;  // of the step under way
    void on_timer() override;                     // requests have had their time
    bool is_asked() const { return done_ != nullptr; }

   private:
    enum class Step : std::uint8_t { none, requests, group, store, told };
    void leave_group();
    void close_store();

    Impl& impl_;
    io::Completion* done_ = nullptr;
    Step step_ = Step::none;
  };

  // What a change of the group brings with it, on a turn of its own.
  class GroupNews final : public io::EndOfTurn, public io::Timer {
   public:
    explicit GroupNews(Impl& impl) : impl_(impl) {}
    ~GroupNews() { forget(); }
    void note();
    void forget();
    void remove_later() { impl_.world_.clock.arm(*this, impl_.world_.clock.now() + kRemovedDelay); }

   private:
    void on_end_of_turn() override;
    void on_timer() override { impl_.fail_removed(); }  // this member was removed a while ago

    Impl& impl_;
    bool is_due_ = false;
  };

  void run() override;       // looking
  void finished() override;  // likewise
  void on_end_of_turn() override;
  void on_started() override;
  void on_leader(base::MemberId leader) override;
  void on_stopped(const base::Error& why) override;
  void on_published() override;
  void on_configuration() override { group_news_.note(); }
  void on_bootstrap_checked(base::Status status) override;
  void on_joined(base::Result<Joined> joined) override;
  void on_group_applied() override { group_news_.note(); }
  void on_removed_elsewhere() override { fail_removed(); }
  void on_group_told(const etcdserverpb::MemberListResponse& list) override { peer_group_->hear(list); }
  void on_read_failed(const base::Error& error) override;

  void begin_without_log();
  void boot();
  replica::Options replica_options() const;
  void fail(base::Error error);
  void set_learner(bool is_learner);
  void fail_removed();
  void stop_watching();
  base::Status listen_to_peers();
  base::Status listen_to_clients();
  void log_ready();

  const io::World world_;
  const ServerConfig config_;
  ServerListener& listener_;
  Stage stage_ = Stage::idle;
  std::optional<base::Error> failed_;  // final
  bool is_removed_ = false;            // and that is why
  bool is_news_due_ = false;           // the listener is to hear of stage_ or failed_ on the next turn

  std::unique_ptr<io::WorkQueue> queue_;
  std::optional<base::Result<bool>> has_log_;  // the job's until it finished
  std::vector<io::Address> client_addresses_;

  // In the order in which they lean on each other; destroyed from the last.
  StateMachine machine_;
  PeerService peer_service_;
  std::unique_ptr<BootstrapCheck> bootstrap_check_;
  std::unique_ptr<JoinQuestion> join_;
  Joined beginning_;  // without a log: what this member is, and the group
  peer::Member member_;  // the handlers of its server belong to those before it
  RequestTimeouts timeouts_;
  Leadership leadership_;
  GroupNews group_news_;
  std::unique_ptr<PeerGroup> peer_group_;
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<GroupWatch> group_watch_;
  std::unique_ptr<VersionMonitor> version_monitor_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<ServiceContext> context_;
  std::unique_ptr<KvService> kv_;
  std::unique_ptr<MaintenanceService> maintenance_;
  std::unique_ptr<ClusterService> cluster_;
  std::unique_ptr<RequiredLeader> required_leader_;
  std::unique_ptr<WatchService> watch_;
  rpc::HealthService health_;
  VersionPage version_page_;
  std::unique_ptr<HealthPage> health_page_;
  std::unique_ptr<rpc::Server> clients_;
  Stopping stopping_;
};

Server::Impl::Impl(const io::World& world, ServerConfig config, ServerListener& listener)
    : world_(world),
      config_(std::move(config)),
      listener_(listener),
      machine_(world_, store_options(config_.tuning), compaction_pace(config_)),
      member_(world_, machine_, *this, config_.tuning.peer),
      timeouts_(world_.clock, config_.request_timeout()),
      group_news_(*this),
      stopping_(*this) {
  ASSERT(validate(config_).has_value());
  machine_.set_group_listener(*this);
}

Server::Impl::~Impl() {
  world_.loop.forget(*this);
  world_.clock.disarm(stopping_);
}

// --- start ------------------------------------------------------------------------------------------

void Server::Impl::start() {
  ASSERT(stage_ == Stage::idle);
  world_.observer.log(io::Level::info, "starting an etcd server",
                      {{"etcd-version", kEtcdVersion}, {"name", std::string_view(config_.name)}});
  stage_ = Stage::looking;
  queue_ = world_.workers.open_queue("start");
  queue_->submit(*this);
}

void Server::Impl::run() { has_log_.emplace(wal::exists(world_.disk, log_options(config_.tuning))); }

void Server::Impl::finished() {
  ASSERT(stage_ == Stage::looking);
  ASSERT(has_log_.has_value());
  stage_ = Stage::booting;
  if (stopping_.is_asked()) return stopping_.complete({});
  if (!*has_log_) return fail(has_log_->error());
  const bool has_log = **has_log_;
  if (!has_log) {
    if (base::Status bootstrap = validate_bootstrap(config_); !bootstrap) return fail(bootstrap.error());
  }
  if (base::Status listening = listen_to_peers(); !listening) return fail(listening.error());
  if (has_log) return boot();
  begin_without_log();
}

void Server::Impl::begin_without_log() {
  if (config_.is_joining) {
    stage_ = Stage::joining;
    JoinListener& join_listener = *this;
    join_ = std::make_unique<JoinQuestion>(world_, config_, join_listener);
    return join_->start();
  }
  const InitialIds ids = initial_ids(config_);
  beginning_ = {{ids.cluster, ids.self}, initial_configuration(ids)};
  const PeerAddresses others = peers_of(beginning_.configuration, ids.self);
  if (others.empty()) return boot();
  stage_ = Stage::checking;
  BootstrapCheckListener& check_listener = *this;
  bootstrap_check_ = std::make_unique<BootstrapCheck>(world_, ids.self, others, check_listener);
  bootstrap_check_->start();
}

void Server::Impl::on_bootstrap_checked(base::Status status) {
  ASSERT(stage_ == Stage::checking);
  bootstrap_check_.reset();
  if (!status) return fail(status.error());
  stage_ = Stage::booting;
  boot();
}

void Server::Impl::on_joined(base::Result<Joined> joined) {
  ASSERT(stage_ == Stage::joining);
  join_.reset();
  if (!joined) return fail(joined.error());
  beginning_ = std::move(*joined);
  listener_.on_identified(beginning_.identity.member);
  stage_ = Stage::booting;
  boot();
}

void Server::Impl::boot() {
  ASSERT(stage_ == Stage::booting);
  member_.start(replica_options());
}

replica::Options Server::Impl::replica_options() const {
  replica::Options options;
  // A log knows better than the flags who this member is; then these are not used.
  options.identity = beginning_.identity;
  options.configuration = beginning_.configuration;
  options.goes_on_alone = config_.force_new_cluster;
  options.wal = log_options(config_.tuning);
  options.tick_interval = config_.heartbeat_interval;
  options.election_ticks = static_cast<std::uint32_t>(config_.election_timeout / config_.heartbeat_interval);
  options.apply_slice_entries = config_.tuning.apply_slice_entries;
  options.unmaterialised_bytes_max = config_.tuning.unmaterialised_bytes_max;
  options.unapplied_entries_max = config_.tuning.unapplied_entries_max;
  options.kept_entries_max = config_.tuning.kept_entries_max;
  options.kept_bytes_max = config_.tuning.kept_bytes_max;
  options.snapshots_max = config_.tuning.snapshots_max;
  options.catch_up_entries = config_.tuning.catch_up_entries;
  options.truncate_step_entries = config_.tuning.truncate_step_entries;
  return options;
}

void Server::Impl::on_started() {
  ASSERT(stage_ == Stage::booting);
  replica::Replica& replica = member_.replica();
  const wal::Identity identity = replica.identity();
  listener_.on_identified(identity.member);
  const std::optional<Version> cluster_version = parse_version(machine_.members().cluster_version());
  if (cluster_version && *cluster_version > *parse_version(kClusterVersion)) {
    return fail({base::Code::invalid, "cluster cannot be downgraded: its version is " + machine_.members().cluster_version() +
                                          ", and this server takes part in versions up to " + std::string(kClusterVersion)});
  }
  if (machine_.members().is_removed(identity.member)) return fail_removed();
  const std::size_t learners = replica.configuration().members.size() - replica.configuration().voter_count();
  if (!replica.configuration().is_joint() && learners > config_.max_learners) {
    return fail({base::Code::invalid, std::string(wire_error(ErrorId::too_many_learners).text) + ": start it with a higher --max-learners"});
  }
  stage_ = Stage::publishing;
  machine_.set_identity(identity.cluster, identity.member);
  peer_group_ = std::make_unique<PeerGroup>(world_, member_, machine_, kRemovedPatience);
  peer_group_->begin(config_.initial_election_tick_advance);  // behaviour reference §9
  membership_ = std::make_unique<Membership>(world_, config_, replica, machine_, member_.transport());
  version_monitor_ = std::make_unique<VersionMonitor>(world_, replica, machine_);
  version_monitor_->set_others(peer_group_->others());
  GroupWatchListener& watch_listener = *this;
  group_watch_ = std::make_unique<GroupWatch>(world_, config_.election_timeout, replica, leadership_, *peer_group_, watch_listener);
  group_watch_->start();
  const raft::Member* const self = replica.configuration().find(identity.member);
  context_.reset(new ServiceContext{world_, config_, replica, machine_, timeouts_, leadership_, *membership_, member_.transport(), *this, world_.loop,
                                    self != nullptr && self->is_learner});
  set_learner(context_->is_learner);
  peer_service_.begin(*context_);
  PublisherListener& publisher_listener = *this;
  publisher_ = std::make_unique<Publisher>(world_, config_, replica, publisher_listener);
  publisher_->start();
}

void Server::Impl::on_leader(base::MemberId leader) {
  leadership_.on_leader(leader, world_.clock.now());
  if (version_monitor_ != nullptr) version_monitor_->on_leader(leader == member_.replica().identity().member);
  if (membership_ != nullptr) membership_->look();
  const std::string self = to_text(member_.replica().identity().member);
  const std::string term = to_text(member_.replica().status().term);
  if (leader == base::MemberId::none) {
    return world_.observer.log(io::Level::info, "raft.node: " + self + " lost leader at term " + term);
  }
  if (leader == member_.replica().identity().member) world_.observer.log(io::Level::info, self + " became leader at term " + term);
  world_.observer.log(io::Level::info, "raft.node: " + self + " elected leader " + to_text(leader) + " at term " + term);
}

void Server::Impl::on_published() {
  ASSERT(stage_ == Stage::publishing);
  const std::string self = to_text(member_.replica().identity().member);
  const std::string cluster = to_text(member_.replica().identity().cluster);
  world_.observer.log(io::Level::info, "published local member to cluster through raft",
                      {{"local-member-id", std::string_view(self)},
                       {"local-member-name", std::string_view(config_.name)},
                       {"cluster-id", std::string_view(cluster)}});
  if (base::Status listening = listen_to_clients(); !listening) return fail(listening.error());
  stage_ = Stage::serving;
  log_ready();
  is_news_due_ = true;
  world_.loop.on_next_turn(*this);
}

// --- the group ---------------------------------------------------------------------------------------

void Server::Impl::GroupNews::note() {
  if (std::exchange(is_due_, true)) return;
  impl_.world_.loop.on_next_turn(*this);
}

void Server::Impl::GroupNews::forget() {
  impl_.world_.loop.forget(*this);
  impl_.world_.clock.disarm(*this);
}

void Server::Impl::GroupNews::on_end_of_turn() {
  is_due_ = false;
  if (impl_.context_ == nullptr || impl_.context_->is_stopped || impl_.failed_) return;
  const base::MemberId self = impl_.member_.replica().identity().member;
  impl_.peer_group_->follow();
  impl_.version_monitor_->set_others(impl_.peer_group_->others());
  impl_.group_watch_->follow();
  impl_.membership_->look();
  const raft::Member* const member = impl_.member_.replica().settled_configuration().find(self);
  if (member != nullptr) impl_.set_learner(member->is_learner);
  if (impl_.machine_.members().is_removed(self) && !is_armed()) remove_later();
}

// A learner does not even say that it is well (behaviour reference §7.6).
void Server::Impl::set_learner(bool is_learner) {
  context_->is_learner = is_learner;
  health_.set_refusal(is_learner ? std::optional(to_status(ErrorId::not_supported_for_learner)) : std::nullopt);
}

// --- listeners --------------------------------------------------------------------------------------

// From the start: a busy port is found out before anything is written, and the others may ask before this member has booted.
base::Status Server::Impl::listen_to_peers() {
  if (config_.listen_peer.empty()) return {};
  rpc::Server& peers = member_.server();
  peer_service_.add_to(peers);
  for (const io::Address& address : config_.listen_peer) {
    const base::Result<io::Address> bound = peers.listen(address);
    if (!bound) return base::fail(bound.error());
    const std::string text = io::to_text(*bound);
    world_.observer.log(io::Level::info, "serving peer traffic", {{"address", std::string_view(text)}});
  }
  return {};
}

base::Status Server::Impl::listen_to_clients() {
  kv_ = std::make_unique<KvService>(*context_);
  maintenance_ = std::make_unique<MaintenanceService>(*context_);
  cluster_ = std::make_unique<ClusterService>(*context_);
  required_leader_ = std::make_unique<RequiredLeader>(*context_);
  watch_ = std::make_unique<WatchService>(*context_, *required_leader_);
  clients_ = std::make_unique<rpc::Server>(world_, client_options(config_));
  kv_->add_to(*clients_);
  maintenance_->add_to(*clients_);
  cluster_->add_to(*clients_);
  watch_->add_to(*clients_);
  health_.add_to(*clients_);
  health_.set_serving(true);
  version_page_.begin(*context_);
  health_page_ = std::make_unique<HealthPage>(*context_);
  clients_->add_http("/version", version_page_);
  clients_->add_http("/health", *health_page_);
  for (const io::Address& address : config_.listen_client) {
    base::Result<io::Address> bound = clients_->listen(address);
    if (!bound) return base::fail(bound.error());
    client_addresses_.push_back(std::move(*bound));
  }
  return {};
}

void Server::Impl::log_ready() {
  world_.observer.log(io::Level::info, "ready to serve client requests");
  for (const io::Address& address : client_addresses_) {
    const std::string text = io::to_text(address);
    world_.observer.log(io::Level::info, "serving client traffic insecurely; this is strongly discouraged!",
                        {{"traffic", std::string_view("grpc+http")}, {"address", std::string_view(text)}});
  }
}

// --- failure ----------------------------------------------------------------------------------------

void Server::Impl::on_stopped(const base::Error& why) { fail(why); }

void Server::Impl::on_read_failed(const base::Error& error) { fail(error); }

// The listener hears of it on a turn of its own: whoever called us is still at work.
void Server::Impl::fail(base::Error error) {
  // Requests that are still let through the gates must not reach a replica that has stopped.
  if (context_ != nullptr) context_->is_stopped = true;
  if (membership_ != nullptr) membership_->stop();
  if (failed_ || stopping_.is_asked()) return;
  failed_ = std::move(error);
  stop_watching();
  is_news_due_ = true;
  world_.loop.on_next_turn(*this);
}

// The texts of etcd (behaviour reference §7.5).
void Server::Impl::fail_removed() {
  if (failed_ || stopping_.is_asked()) return;
  world_.observer.log(io::Level::warn, "server error", {{"error", "the member has been permanently removed from the cluster"}});
  world_.observer.log(io::Level::warn, "data-dir used by this member must be removed");
  is_removed_ = true;
  fail({base::Code::invalid, "the member has been permanently removed from the cluster"});
}

// What this member does by itself ends.
void Server::Impl::stop_watching() {
  group_news_.forget();
  if (peer_group_ != nullptr) peer_group_->stop();
  if (group_watch_ != nullptr) group_watch_->stop();
  if (publisher_ != nullptr) publisher_->stop();
  if (version_monitor_ != nullptr) version_monitor_->stop();
}

void Server::Impl::on_end_of_turn() {
  if (!std::exchange(is_news_due_, false)) return;
  if (!failed_) return listener_.on_ready();
  clients_.reset();
  member_.fall_silent();
  if (is_removed_) return listener_.on_removed(*failed_);
  world_.observer.log(io::Level::error, "the member cannot go on", {{"error", std::string_view(failed_->detail)}});
  listener_.on_failed(*failed_);
}

// --- stop -------------------------------------------------------------------------------------------

void Server::Impl::stop(io::Completion& done) {
  ASSERT(!stopping_.is_asked());
  world_.observer.log(io::Level::info, "closing etcd server", {{"name", std::string_view(config_.name)}});
  world_.loop.forget(*this);
  stopping_.begin(done);
}

void Server::Impl::Stopping::begin(io::Completion& done) {
  done_ = &done;
  impl_.stop_watching();
  impl_.bootstrap_check_.reset();
  impl_.join_.reset();
  if (impl_.stage_ == Stage::looking) return;  // the job under way cannot be called back: finished() goes on
  impl_.stage_ = Stage::stopping;
  if (impl_.clients_ == nullptr) return leave_group();
  step_ = Step::requests;
  impl_.health_.set_serving(false);
  impl_.world_.clock.arm(*this, impl_.world_.clock.now() + impl_.config_.request_timeout());
  impl_.clients_->drain(*this);
}

void Server::Impl::Stopping::on_timer() {
  ASSERT(step_ == Step::requests);
  leave_group();
}

void Server::Impl::Stopping::complete(base::Status /*status*/) {
  switch (step_) {
    case Step::none:
      impl_.stage_ = Stage::stopping;
      return leave_group();
    case Step::requests:
      impl_.world_.clock.disarm(*this);
      return leave_group();
    case Step::group: return close_store();
    case Step::store: break;
    case Step::told: ASSERT(false && "stopped twice");
  }
  step_ = Step::told;
  impl_.stage_ = Stage::stopped;
  impl_.world_.observer.log(io::Level::info, "closed etcd server", {{"name", std::string_view(impl_.config_.name)}});
  done_->complete({});
}

void Server::Impl::Stopping::leave_group() {
  step_ = Step::group;
  if (impl_.membership_ != nullptr) impl_.membership_->stop();
  if (impl_.context_ != nullptr) impl_.context_->is_stopped = true;
  impl_.clients_.reset();
  impl_.member_.leave(*this);
}

void Server::Impl::Stopping::close_store() {
  step_ = Step::store;
  if (!impl_.machine_.is_open()) return complete({});
  impl_.machine_.close(*this);
}

// --- the door ---------------------------------------------------------------------------------------

Server::Server(const io::World& world, ServerConfig config, ServerListener& listener)
    : impl_(std::make_unique<Impl>(world, std::move(config), listener)) {}
Server::~Server() = default;
void Server::start() { impl_->start(); }
void Server::stop(io::Completion& done) { impl_->stop(done); }
const std::vector<io::Address>& Server::client_addresses() const { return impl_->client_addresses(); }

}  // namespace etcd
